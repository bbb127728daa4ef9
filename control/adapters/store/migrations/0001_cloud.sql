ALTER TABLE `operation` ADD `waitingSince` integer;--> statement-breakpoint
ALTER TABLE `operation` ADD `asked` text;--> statement-breakpoint
ALTER TABLE `operation` ADD `stuckIn` text;--> statement-breakpoint
CREATE INDEX `operation_stuck` ON `operation` (`id`) WHERE "operation"."state" = 'stuck';