CREATE TABLE `host_pool` (
	`host` text NOT NULL,
	`pool` text NOT NULL,
	`totalMiB` integer NOT NULL,
	`fault` text,
	`at` integer NOT NULL,
	PRIMARY KEY(`host`, `pool`),
	FOREIGN KEY (`host`) REFERENCES `host`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`pool`) REFERENCES `storage_pool`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `host_pool_pool` ON `host_pool` (`pool`,`host`);--> statement-breakpoint
CREATE TABLE `resting_vni` (
	`zone` text NOT NULL,
	`vni` integer NOT NULL,
	`until` integer NOT NULL,
	PRIMARY KEY(`zone`, `vni`)
);
--> statement-breakpoint
CREATE INDEX `resting_vni_until` ON `resting_vni` (`until`);--> statement-breakpoint
CREATE TABLE `budget` (
	`project` text PRIMARY KEY NOT NULL,
	`micros` integer NOT NULL,
	`alertAt` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `price` (
	`id` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`what` text NOT NULL,
	`micros` integer NOT NULL,
	`from` integer NOT NULL,
	`until` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `price_from` ON `price` (`kind`,`what`,`from`);--> statement-breakpoint
CREATE TABLE `spending` (
	`project` text PRIMARY KEY NOT NULL,
	`month` integer NOT NULL,
	`spent` integer NOT NULL,
	`alerted` integer NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `identity` (
	`provider` text NOT NULL,
	`subject` text NOT NULL,
	`user` text NOT NULL,
	`createdAt` integer NOT NULL,
	`lastUsedAt` integer,
	PRIMARY KEY(`provider`, `subject`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `identity_user` ON `identity` (`user`,`provider`);--> statement-breakpoint
CREATE TABLE `identity_provider` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`issuer` text NOT NULL,
	`clientId` text NOT NULL,
	`secret` text NOT NULL,
	`scope` text NOT NULL,
	`claim` text NOT NULL,
	`grants` text NOT NULL,
	`createdAt` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `identity_provider_name_unique` ON `identity_provider` (`name`);--> statement-breakpoint
CREATE TABLE `usage` (
	`project` text NOT NULL,
	`hour` integer NOT NULL,
	`kind` text NOT NULL,
	`what` text NOT NULL,
	`resource` text NOT NULL,
	`amount` integer NOT NULL,
	PRIMARY KEY(`project`, `hour`, `kind`, `what`, `resource`)
);
--> statement-breakpoint
CREATE INDEX `usage_resource` ON `usage` (`resource`,`project`);--> statement-breakpoint
CREATE INDEX `usage_hour` ON `usage` (`hour`);--> statement-breakpoint
CREATE INDEX `usage_unfolded` ON `usage` (`hour`) WHERE "usage"."hour" % 86400000 <> 0;--> statement-breakpoint
CREATE TABLE `usage_series` (
	`host` text NOT NULL,
	`series` text NOT NULL,
	`last` integer NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`host`, `series`)
);
--> statement-breakpoint
CREATE TABLE `webhook` (
	`id` text PRIMARY KEY NOT NULL,
	`project` text NOT NULL,
	`url` text NOT NULL,
	`types` text NOT NULL,
	`description` text NOT NULL,
	`secret` text NOT NULL,
	`cursor` integer NOT NULL,
	`disabledAt` integer,
	`createdAt` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `webhook_project` ON `webhook` (`project`,`id`);--> statement-breakpoint
CREATE TABLE `webhook_delivery` (
	`id` text PRIMARY KEY NOT NULL,
	`webhook` text NOT NULL,
	`seq` integer NOT NULL,
	`type` text NOT NULL,
	`body` text NOT NULL,
	`state` text NOT NULL,
	`attempts` integer NOT NULL,
	`nextAt` integer,
	`status` integer,
	`error` text,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `webhook_delivery_webhook` ON `webhook_delivery` (`webhook`,`id`);--> statement-breakpoint
CREATE INDEX `webhook_delivery_next` ON `webhook_delivery` (`nextAt`);--> statement-breakpoint
CREATE INDEX `webhook_delivery_at` ON `webhook_delivery` (`at`);--> statement-breakpoint
DROP INDEX `subnet_range`;--> statement-breakpoint
ALTER TABLE `subnet` ADD `vni` integer;--> statement-breakpoint
ALTER TABLE `subnet` ADD `pooled` integer DEFAULT true NOT NULL;--> statement-breakpoint
CREATE INDEX `subnet_zone` ON `subnet` (`zone`,`cidr`);--> statement-breakpoint
CREATE UNIQUE INDEX `subnet_vni` ON `subnet` (`zone`,`vni`);--> statement-breakpoint
CREATE UNIQUE INDEX `subnet_range` ON `subnet` (`zone`,`cidr`) WHERE "subnet"."pooled" = 1;--> statement-breakpoint
ALTER TABLE `allocation` ADD `pool` text;--> statement-breakpoint
ALTER TABLE `allocation` ADD `poolMiB` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `allocation_pool` ON `allocation` (`pool`,`host`,`poolMiB`) WHERE "allocation"."until" IS NULL AND "allocation"."pool" IS NOT NULL;--> statement-breakpoint
ALTER TABLE `membership` ADD `givenBy` text;--> statement-breakpoint
CREATE INDEX `membership_given` ON `membership` (`givenBy`) WHERE "membership"."givenBy" IS NOT NULL;--> statement-breakpoint
ALTER TABLE `network` ADD `cidr` text;--> statement-breakpoint
CREATE INDEX `network_project` ON `network` (`project`,`id`);--> statement-breakpoint
ALTER TABLE `storage_pool` ADD `path` text;--> statement-breakpoint
ALTER TABLE `storage_pool` ADD `ceph` text;--> statement-breakpoint
ALTER TABLE `storage_pool` ADD `cephKey` text;--> statement-breakpoint
CREATE INDEX `host_joined` ON `host_observed` (`host`) WHERE "host_observed"."underlay" IS NOT NULL;--> statement-breakpoint
CREATE INDEX `snapshot_pool` ON `snapshot` (`pool`);--> statement-breakpoint
CREATE INDEX `tombstone_pool` ON `tombstone` (`pool`) WHERE "tombstone"."pool" IS NOT NULL;--> statement-breakpoint
CREATE INDEX `volume_pool` ON `volume` (`pool`);--> statement-breakpoint
CREATE TABLE `__new_quota_guard` (
	`resource` text NOT NULL,
	CONSTRAINT "quota_machines" CHECK("__new_quota_guard"."resource" <> 'machines'),
	CONSTRAINT "quota_vcpus" CHECK("__new_quota_guard"."resource" <> 'vcpus'),
	CONSTRAINT "quota_memory" CHECK("__new_quota_guard"."resource" <> 'memory'),
	CONSTRAINT "quota_volumes" CHECK("__new_quota_guard"."resource" <> 'volumes'),
	CONSTRAINT "quota_disk" CHECK("__new_quota_guard"."resource" <> 'disk'),
	CONSTRAINT "quota_snapshots" CHECK("__new_quota_guard"."resource" <> 'snapshots'),
	CONSTRAINT "quota_networks" CHECK("__new_quota_guard"."resource" <> 'networks'),
	CONSTRAINT "quota_money" CHECK("__new_quota_guard"."resource" <> 'money')
);
--> statement-breakpoint
INSERT INTO `__new_quota_guard`("resource") SELECT "resource" FROM `quota_guard`;--> statement-breakpoint
DROP TABLE `quota_guard`;--> statement-breakpoint
ALTER TABLE `__new_quota_guard` RENAME TO `quota_guard`;
