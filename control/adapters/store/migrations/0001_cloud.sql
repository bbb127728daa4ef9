CREATE TABLE `image_file` (
	`sha256` text NOT NULL,
	`image` text NOT NULL,
	PRIMARY KEY(`sha256`, `image`)
);
--> statement-breakpoint
CREATE INDEX `image_file_image` ON `image_file` (`image`);--> statement-breakpoint
CREATE TABLE `image_import` (
	`image` text PRIMARY KEY NOT NULL,
	`source` text NOT NULL,
	`host` text,
	`begunAt` integer NOT NULL,
	FOREIGN KEY (`image`) REFERENCES `image`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `image_import_host` ON `image_import` (`host`) WHERE "image_import"."host" IS NOT NULL;--> statement-breakpoint
CREATE TABLE `image_observed` (
	`image` text PRIMARY KEY NOT NULL,
	`host` text NOT NULL,
	`epoch` integer NOT NULL,
	`seq` integer NOT NULL,
	`appliedGeneration` integer NOT NULL,
	`progress` text,
	`fault` text,
	`result` text,
	`digest` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `image_share` (
	`image` text NOT NULL,
	`project` text NOT NULL,
	PRIMARY KEY(`image`, `project`),
	FOREIGN KEY (`image`) REFERENCES `image`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `image_share_project` ON `image_share` (`project`,`image`);--> statement-breakpoint
ALTER TABLE `agent` ADD `roles` text DEFAULT '["host"]' NOT NULL;--> statement-breakpoint
CREATE INDEX `agent_converts` ON `agent` (`id`) WHERE "agent"."roles" LIKE '%convert%';--> statement-breakpoint
ALTER TABLE `enrolment` ADD `roles` text DEFAULT '["host"]' NOT NULL;--> statement-breakpoint
ALTER TABLE `image` ADD `firmware` text DEFAULT 'bios' NOT NULL;--> statement-breakpoint
ALTER TABLE `image` ADD `visibility` text DEFAULT 'public' NOT NULL;--> statement-breakpoint
ALTER TABLE `image` ADD `state` text DEFAULT 'ready' NOT NULL;--> statement-breakpoint
ALTER TABLE `image` ADD `generation` integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE `image` ADD `failure` text;--> statement-breakpoint
ALTER TABLE `image` ADD `virtualBytes` integer;--> statement-breakpoint
ALTER TABLE `image` ADD `origin` text;--> statement-breakpoint
ALTER TABLE `image` ADD `deprecatedAt` integer;--> statement-breakpoint
ALTER TABLE `image` ADD `deletedAt` integer;--> statement-breakpoint
CREATE INDEX `image_project` ON `image` (`project`,`id`);--> statement-breakpoint
CREATE INDEX `image_deleted` ON `image` (`deletedAt`,`id`) WHERE "image"."deletedAt" IS NOT NULL;--> statement-breakpoint
CREATE INDEX `image_pending` ON `image` (`createdAt`,`id`) WHERE "image"."state" = 'pending';--> statement-breakpoint
CREATE INDEX `machine_image` ON `machine` (`image`);