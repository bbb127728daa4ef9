CREATE TABLE `attachment` (
	`volume` text PRIMARY KEY NOT NULL,
	`machine` text NOT NULL,
	`device` text NOT NULL,
	`boot` integer NOT NULL,
	`readOnly` integer NOT NULL,
	`deleteOnTermination` integer NOT NULL,
	`at` integer NOT NULL,
	FOREIGN KEY (`volume`) REFERENCES `volume`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `attachment_device` ON `attachment` (`machine`,`device`);--> statement-breakpoint
CREATE TABLE `snapshot` (
	`id` text PRIMARY KEY NOT NULL,
	`alias` text NOT NULL,
	`project` text NOT NULL,
	`zone` text NOT NULL,
	`pool` text NOT NULL,
	`volume` text NOT NULL,
	`volumeAlias` text NOT NULL,
	`name` text NOT NULL,
	`passing` integer NOT NULL,
	`sizeMiB` integer NOT NULL,
	`createdAt` integer NOT NULL,
	`deleted` integer NOT NULL,
	`generation` integer NOT NULL,
	`version` integer NOT NULL,
	`goneAt` integer,
	FOREIGN KEY (`zone`) REFERENCES `zone`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`pool`) REFERENCES `storage_pool`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `snapshot_alias_unique` ON `snapshot` (`alias`);--> statement-breakpoint
CREATE INDEX `snapshot_project` ON `snapshot` (`project`,`id`);--> statement-breakpoint
CREATE INDEX `snapshot_volume` ON `snapshot` (`volume`,`id`);--> statement-breakpoint
CREATE INDEX `snapshot_gone` ON `snapshot` (`goneAt`) WHERE "snapshot"."goneAt" IS NOT NULL;--> statement-breakpoint
CREATE TABLE `snapshot_observed` (
	`snapshot` text PRIMARY KEY NOT NULL,
	`host` text,
	`epoch` integer NOT NULL,
	`seq` integer NOT NULL,
	`appliedGeneration` integer NOT NULL,
	`here` integer NOT NULL,
	`fault` text,
	`digest` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `storage_pool` (
	`id` text PRIMARY KEY NOT NULL,
	`zone` text NOT NULL,
	`name` text NOT NULL,
	`type` text NOT NULL,
	`isDefault` integer NOT NULL,
	`createdAt` integer NOT NULL,
	FOREIGN KEY (`zone`) REFERENCES `zone`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `storage_pool_name` ON `storage_pool` (`zone`,`name`);--> statement-breakpoint
CREATE UNIQUE INDEX `storage_pool_default` ON `storage_pool` (`zone`) WHERE "storage_pool"."isDefault" = 1;--> statement-breakpoint
CREATE TABLE `volume` (
	`id` text PRIMARY KEY NOT NULL,
	`alias` text NOT NULL,
	`project` text NOT NULL,
	`zone` text NOT NULL,
	`pool` text NOT NULL,
	`name` text NOT NULL,
	`sizeMiB` integer NOT NULL,
	`sourceKind` text NOT NULL,
	`sourceImage` text,
	`sourceSnapshot` text,
	`createdAt` integer NOT NULL,
	`deleted` integer NOT NULL,
	`generation` integer NOT NULL,
	`version` integer NOT NULL,
	`goneAt` integer,
	FOREIGN KEY (`zone`) REFERENCES `zone`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`pool`) REFERENCES `storage_pool`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `volume_alias_unique` ON `volume` (`alias`);--> statement-breakpoint
CREATE INDEX `volume_project` ON `volume` (`project`,`id`);--> statement-breakpoint
CREATE INDEX `volume_snapshot` ON `volume` (`sourceSnapshot`) WHERE "volume"."sourceSnapshot" IS NOT NULL;--> statement-breakpoint
CREATE INDEX `volume_gone` ON `volume` (`goneAt`) WHERE "volume"."goneAt" IS NOT NULL;--> statement-breakpoint
CREATE TABLE `volume_observed` (
	`volume` text PRIMARY KEY NOT NULL,
	`host` text,
	`epoch` integer NOT NULL,
	`seq` integer NOT NULL,
	`appliedGeneration` integer NOT NULL,
	`here` integer NOT NULL,
	`sizeMiB` integer NOT NULL,
	`machine` text,
	`progress` text,
	`fault` text,
	`digest` text NOT NULL,
	`at` integer NOT NULL
);
