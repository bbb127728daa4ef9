CREATE TABLE `maintenance_stop` (
	`host` text NOT NULL,
	`machine` text NOT NULL,
	PRIMARY KEY(`host`, `machine`)
);
--> statement-breakpoint
CREATE TABLE `migration` (
	`id` text PRIMARY KEY NOT NULL,
	`machine` text NOT NULL,
	`project` text NOT NULL,
	`source` text NOT NULL,
	`target` text NOT NULL,
	`secret` text NOT NULL,
	`phase` text NOT NULL,
	`sourceSaw` text,
	`targetSaw` text,
	`progress` text,
	`version` integer NOT NULL,
	`createdAt` integer NOT NULL,
	`endedAt` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `migration_live` ON `migration` (`machine`) WHERE "migration"."endedAt" IS NULL;--> statement-breakpoint
CREATE INDEX `migration_source` ON `migration` (`source`,`machine`) WHERE "migration"."endedAt" IS NULL;--> statement-breakpoint
CREATE INDEX `migration_target` ON `migration` (`target`,`machine`) WHERE "migration"."endedAt" IS NULL;--> statement-breakpoint
CREATE INDEX `migration_machine` ON `migration` (`machine`);--> statement-breakpoint
CREATE TABLE `tombstone` (
	`host` text NOT NULL,
	`machine` text NOT NULL,
	`generation` integer NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`host`, `machine`)
);
--> statement-breakpoint
CREATE INDEX `tombstone_machine` ON `tombstone` (`machine`);--> statement-breakpoint
ALTER TABLE `host` ADD `maintenance` text DEFAULT 'none' NOT NULL;--> statement-breakpoint
ALTER TABLE `host` ADD `generation` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `host_observed` ADD `underlay` text;