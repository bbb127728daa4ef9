CREATE TABLE `fence` (
	`id` text PRIMARY KEY NOT NULL,
	`host` text NOT NULL,
	`how` text NOT NULL,
	`by` text NOT NULL,
	`generation` integer NOT NULL,
	`epoch` integer NOT NULL,
	`bootId` text,
	`askedAt` integer NOT NULL,
	`at` integer,
	`liftedAt` integer,
	FOREIGN KEY (`host`) REFERENCES `host`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `fence_host` ON `fence` (`host`,`generation`);--> statement-breakpoint
CREATE UNIQUE INDEX `fence_live` ON `fence` (`host`) WHERE "fence"."at" IS NOT NULL AND "fence"."liftedAt" IS NULL;--> statement-breakpoint
CREATE TABLE `host_power` (
	`host` text PRIMARY KEY NOT NULL,
	`way` text NOT NULL,
	`address` text NOT NULL,
	`port` integer NOT NULL,
	`username` text NOT NULL,
	`password` text NOT NULL,
	FOREIGN KEY (`host`) REFERENCES `host`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `tombstone` (
	`host` text NOT NULL,
	`machine` text NOT NULL,
	`generation` integer NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`host`, `machine`)
);
--> statement-breakpoint
CREATE INDEX `tombstone_machine` ON `tombstone` (`machine`);--> statement-breakpoint
ALTER TABLE `agent` ADD `clonedAt` integer;--> statement-breakpoint
ALTER TABLE `agent` ADD `removedAt` integer;--> statement-breakpoint
ALTER TABLE `enrolment` ADD `id` text;--> statement-breakpoint
ALTER TABLE `enrolment` ADD `createdBy` text;--> statement-breakpoint
ALTER TABLE `enrolment` ADD `createdAt` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `enrolment` ADD `revokedAt` integer;--> statement-breakpoint
CREATE UNIQUE INDEX `enrolment_id` ON `enrolment` (`id`);--> statement-breakpoint
ALTER TABLE `host` ADD `generation` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `host` ADD `removedAt` integer;--> statement-breakpoint
ALTER TABLE `machine` ADD `recover` text DEFAULT 'no' NOT NULL;