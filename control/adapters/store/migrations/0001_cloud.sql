ALTER TABLE `image` ADD `firmware` text DEFAULT 'bios' NOT NULL;--> statement-breakpoint
ALTER TABLE `machine` ADD `protected` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `machine` ADD `firmware` text DEFAULT 'bios' NOT NULL;