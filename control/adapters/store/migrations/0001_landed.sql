ALTER TABLE `commits` ADD `landed` integer DEFAULT true NOT NULL;--> statement-breakpoint
CREATE INDEX `allocation_ended` ON `allocation` (`consumer`) WHERE "allocation"."until" IS NOT NULL;--> statement-breakpoint
CREATE INDEX `command_at` ON `command` (`at`);--> statement-breakpoint
CREATE INDEX `key_pair_project` ON `key_pair` (`project`,`id`);