CREATE TABLE `sample_history` (
	`host` text NOT NULL,
	`at` integer NOT NULL,
	`data` text NOT NULL,
	PRIMARY KEY(`host`, `at`)
);
--> statement-breakpoint
CREATE INDEX `sample_history_at` ON `sample_history` (`at`);--> statement-breakpoint
ALTER TABLE `operation` ADD `waitingSaid` text;--> statement-breakpoint
ALTER TABLE `operation` ADD `waitingSince` integer;--> statement-breakpoint
ALTER TABLE `operation` ADD `asked` text;--> statement-breakpoint
ALTER TABLE `operation` ADD `stuckIn` text;--> statement-breakpoint
CREATE INDEX `operation_stuck` ON `operation` (`id`) WHERE "operation"."state" = 'stuck';