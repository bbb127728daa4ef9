CREATE TABLE `placement_group` (
	`id` text PRIMARY KEY NOT NULL,
	`alias` text NOT NULL,
	`project` text NOT NULL,
	`name` text NOT NULL,
	`policy` text NOT NULL,
	`strict` integer NOT NULL,
	`createdAt` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `placement_group_alias_unique` ON `placement_group` (`alias`);--> statement-breakpoint
CREATE UNIQUE INDEX `placement_group_name` ON `placement_group` (`project`,`name`);--> statement-breakpoint
CREATE INDEX `placement_group_project` ON `placement_group` (`project`,`id`);--> statement-breakpoint
ALTER TABLE `allocation` ADD `placementGroup` text;--> statement-breakpoint
CREATE INDEX `allocation_group` ON `allocation` (`placementGroup`,`host`) WHERE "allocation"."until" IS NULL AND "allocation"."placementGroup" IS NOT NULL;--> statement-breakpoint
ALTER TABLE `flavor` ADD `hostTags` text DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE `host` ADD `diskRatio` integer DEFAULT 4 NOT NULL;--> statement-breakpoint
ALTER TABLE `host` ADD `tags` text DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE `host` ADD `freeVcpus` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `host` ADD `freeMemoryMiB` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `host` ADD `freeDiskMiB` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `host_zone` ON `host` (`zone`,`id`);--> statement-breakpoint
CREATE INDEX `host_room` ON `host` (`zone`,`freeMemoryMiB`) WHERE "host"."accepting" = 1;--> statement-breakpoint
ALTER TABLE `machine` ADD `placementGroup` text;--> statement-breakpoint
ALTER TABLE `machine` ADD `hostTags` text DEFAULT '{}' NOT NULL;--> statement-breakpoint
CREATE INDEX `machine_group` ON `machine` (`placementGroup`) WHERE "machine"."placementGroup" IS NOT NULL AND "machine"."goneAt" IS NULL;--> statement-breakpoint
CREATE INDEX `tag_value` ON `tag` (`project`,`key`,`value`,`resource`);