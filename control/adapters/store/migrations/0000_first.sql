CREATE TABLE `access_key` (
	`id` text PRIMARY KEY NOT NULL,
	`accessKeyId` text NOT NULL,
	`secret` text NOT NULL,
	`user` text NOT NULL,
	`project` text NOT NULL,
	`createdAt` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `access_key_accessKeyId_unique` ON `access_key` (`accessKeyId`);--> statement-breakpoint
CREATE TABLE `address_pool` (
	`id` text PRIMARY KEY NOT NULL,
	`zone` text NOT NULL,
	`purpose` text NOT NULL,
	`cidr` text NOT NULL,
	FOREIGN KEY (`zone`) REFERENCES `zone`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `agent` (
	`id` text PRIMARY KEY NOT NULL,
	`publicKey` text NOT NULL,
	`fingerprint` text NOT NULL,
	`zone` text NOT NULL,
	`version` text NOT NULL,
	`linkObject` integer NOT NULL,
	`epoch` integer NOT NULL,
	`bootId` text,
	`silentSince` integer,
	`createdAt` integer NOT NULL,
	FOREIGN KEY (`zone`) REFERENCES `zone`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `allocation` (
	`id` text PRIMARY KEY NOT NULL,
	`consumer` text NOT NULL,
	`host` text NOT NULL,
	`vcpus` integer NOT NULL,
	`memoryMiB` integer NOT NULL,
	`diskMiB` integer NOT NULL,
	`from` integer NOT NULL,
	`until` integer,
	FOREIGN KEY (`host`) REFERENCES `host`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `allocation_live` ON `allocation` (`host`,`vcpus`,`memoryMiB`,`diskMiB`,`consumer`) WHERE "allocation"."until" IS NULL;--> statement-breakpoint
CREATE UNIQUE INDEX `allocation_consumer` ON `allocation` (`consumer`) WHERE "allocation"."until" IS NULL;--> statement-breakpoint
CREATE INDEX `allocation_ended` ON `allocation` (`consumer`) WHERE "allocation"."until" IS NOT NULL;--> statement-breakpoint
CREATE TABLE `audit` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`at` integer NOT NULL,
	`project` text,
	`actor` text NOT NULL,
	`verb` text NOT NULL,
	`subjects` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `audit_project` ON `audit` (`project`,`seq`);--> statement-breakpoint
CREATE TABLE `cloud_account` (
	`id` text PRIMARY KEY NOT NULL,
	`provider` text NOT NULL,
	`name` text NOT NULL,
	`cursor` text,
	FOREIGN KEY (`provider`) REFERENCES `provider`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `command` (
	`id` text PRIMARY KEY NOT NULL,
	`host` text NOT NULL,
	`body` text NOT NULL,
	`outcome` text,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `command_at` ON `command` (`at`);--> statement-breakpoint
CREATE INDEX `command_pending` ON `command` (`host`,`at`) WHERE "command"."outcome" IS NULL;--> statement-breakpoint
CREATE TABLE `commits` (
	`id` text PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	`landed` integer DEFAULT true NOT NULL
);
--> statement-breakpoint
CREATE INDEX `commits_at` ON `commits` (`at`);--> statement-breakpoint
CREATE TABLE `enrolment` (
	`tokenHash` text PRIMARY KEY NOT NULL,
	`zone` text NOT NULL,
	`expiresAt` integer NOT NULL,
	`usedBy` text
);
--> statement-breakpoint
CREATE TABLE `event` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`project` text,
	`type` text NOT NULL,
	`subject` text NOT NULL,
	`data` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `event_project` ON `event` (`project`,`seq`);--> statement-breakpoint
CREATE INDEX `event_subject` ON `event` (`subject`,`seq`);--> statement-breakpoint
CREATE INDEX `event_at` ON `event` (`at`);--> statement-breakpoint
CREATE TABLE `flavor` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`vcpus` integer NOT NULL,
	`memoryMiB` integer NOT NULL,
	`diskMiB` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `flavor_name_unique` ON `flavor` (`name`);--> statement-breakpoint
CREATE TABLE `guard` (
	`stale` integer,
	`quota` integer,
	`capacity` integer,
	`conflict` integer,
	CONSTRAINT "stale" CHECK("guard"."stale" IS NULL),
	CONSTRAINT "quota" CHECK("guard"."quota" IS NULL),
	CONSTRAINT "capacity" CHECK("guard"."capacity" IS NULL),
	CONSTRAINT "conflict" CHECK("guard"."conflict" IS NULL)
);
--> statement-breakpoint
CREATE TABLE `host` (
	`id` text PRIMARY KEY NOT NULL,
	`agent` text NOT NULL,
	`zone` text NOT NULL,
	`name` text NOT NULL,
	`accepting` integer NOT NULL,
	`cpuRatio` integer NOT NULL,
	`memoryRatio` integer NOT NULL,
	`revision` integer NOT NULL,
	FOREIGN KEY (`agent`) REFERENCES `agent`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`zone`) REFERENCES `zone`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `host_name` ON `host` (`agent`,`name`);--> statement-breakpoint
CREATE TABLE `host_observed` (
	`host` text PRIMARY KEY NOT NULL,
	`epoch` integer NOT NULL,
	`seq` integer NOT NULL,
	`hypervisor` text NOT NULL,
	`hypervisorVersion` text NOT NULL,
	`acceleration` text NOT NULL,
	`architecture` text NOT NULL,
	`bootId` text NOT NULL,
	`cpus` integer NOT NULL,
	`memoryMiB` integer NOT NULL,
	`diskMiB` integer NOT NULL,
	`warnings` text NOT NULL,
	`digest` text NOT NULL,
	`at` integer NOT NULL,
	FOREIGN KEY (`host`) REFERENCES `host`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `image` (
	`id` text PRIMARY KEY NOT NULL,
	`alias` text NOT NULL,
	`name` text NOT NULL,
	`description` text NOT NULL,
	`project` text,
	`architecture` text NOT NULL,
	`minDiskMiB` integer NOT NULL,
	`files` text NOT NULL,
	`cmdline` text,
	`createdAt` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `image_alias_unique` ON `image` (`alias`);--> statement-breakpoint
CREATE TABLE `image_copy` (
	`image` text NOT NULL,
	`region` text NOT NULL,
	`state` text NOT NULL,
	`remote` text,
	PRIMARY KEY(`image`, `region`),
	FOREIGN KEY (`image`) REFERENCES `image`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`region`) REFERENCES `region`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `key_pair` (
	`id` text PRIMARY KEY NOT NULL,
	`alias` text NOT NULL,
	`project` text NOT NULL,
	`name` text NOT NULL,
	`publicKey` text NOT NULL,
	`type` text NOT NULL,
	`fingerprint` text NOT NULL,
	`createdAt` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `key_pair_alias_unique` ON `key_pair` (`alias`);--> statement-breakpoint
CREATE UNIQUE INDEX `key_pair_name` ON `key_pair` (`project`,`name`);--> statement-breakpoint
CREATE INDEX `key_pair_project` ON `key_pair` (`project`,`id`);--> statement-breakpoint
CREATE TABLE `machine` (
	`id` text PRIMARY KEY NOT NULL,
	`alias` text NOT NULL,
	`project` text NOT NULL,
	`zone` text NOT NULL,
	`name` text NOT NULL,
	`flavor` text NOT NULL,
	`vcpus` integer NOT NULL,
	`memoryMiB` integer NOT NULL,
	`diskMiB` integer NOT NULL,
	`image` text NOT NULL,
	`keyPair` text,
	`publicKeys` text NOT NULL,
	`userData` text,
	`reservation` text NOT NULL,
	`launchIndex` integer NOT NULL,
	`clientToken` text,
	`onGuestShutdown` text NOT NULL,
	`createdAt` integer NOT NULL,
	`ranAt` integer,
	`power` text NOT NULL,
	`generation` integer NOT NULL,
	`version` integer NOT NULL,
	`failure` text,
	`goneAt` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `machine_alias_unique` ON `machine` (`alias`);--> statement-breakpoint
CREATE INDEX `machine_project` ON `machine` (`project`,`id`);--> statement-breakpoint
CREATE INDEX `machine_reservation` ON `machine` (`reservation`);--> statement-breakpoint
CREATE INDEX `machine_gone` ON `machine` (`goneAt`) WHERE "machine"."goneAt" IS NOT NULL;--> statement-breakpoint
CREATE TABLE `machine_observed` (
	`machine` text PRIMARY KEY NOT NULL,
	`host` text,
	`epoch` integer NOT NULL,
	`seq` integer NOT NULL,
	`appliedGeneration` integer NOT NULL,
	`power` text NOT NULL,
	`cause` text,
	`progress` text,
	`fault` text,
	`digest` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `membership` (
	`project` text NOT NULL,
	`user` text NOT NULL,
	`role` text NOT NULL,
	PRIMARY KEY(`user`, `project`),
	FOREIGN KEY (`project`) REFERENCES `project`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`user`) REFERENCES `user`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `meta` (
	`key` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `network` (
	`id` text PRIMARY KEY NOT NULL,
	`alias` text NOT NULL,
	`project` text NOT NULL,
	`region` text NOT NULL,
	`name` text NOT NULL,
	`isDefault` integer NOT NULL,
	`generation` integer NOT NULL,
	`createdAt` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `network_alias_unique` ON `network` (`alias`);--> statement-breakpoint
CREATE UNIQUE INDEX `network_default` ON `network` (`project`,`region`) WHERE "network"."isDefault" = 1;--> statement-breakpoint
CREATE TABLE `operation` (
	`id` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`workflow` integer NOT NULL,
	`project` text NOT NULL,
	`subject` text NOT NULL,
	`shard` integer NOT NULL,
	`generation` integer NOT NULL,
	`state` text NOT NULL,
	`step` integer NOT NULL,
	`tries` integer NOT NULL,
	`version` integer NOT NULL,
	`wakeAt` integer,
	`waiting` text,
	`fault` text,
	`createdAt` integer NOT NULL,
	`endedAt` integer
);
--> statement-breakpoint
CREATE INDEX `operation_due` ON `operation` (`shard`,`wakeAt`) WHERE "operation"."wakeAt" IS NOT NULL;--> statement-breakpoint
CREATE INDEX `operation_subject` ON `operation` (`subject`,`id`);--> statement-breakpoint
CREATE INDEX `operation_project` ON `operation` (`project`,`id`);--> statement-breakpoint
CREATE TABLE `operation_log` (
	`operation` text NOT NULL,
	`version` integer NOT NULL,
	`step` text NOT NULL,
	`outcome` text NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`operation`, `version`)
);
--> statement-breakpoint
CREATE TABLE `orphan` (
	`host` text NOT NULL,
	`machine` text NOT NULL,
	`power` text NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`host`, `machine`)
);
--> statement-breakpoint
CREATE TABLE `port` (
	`id` text PRIMARY KEY NOT NULL,
	`alias` text NOT NULL,
	`project` text NOT NULL,
	`network` text NOT NULL,
	`subnet` text NOT NULL,
	`machine` text NOT NULL,
	`position` integer NOT NULL,
	`mac` text NOT NULL,
	`address` text NOT NULL,
	FOREIGN KEY (`subnet`) REFERENCES `subnet`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `port_alias_unique` ON `port` (`alias`);--> statement-breakpoint
CREATE UNIQUE INDEX `port_address` ON `port` (`subnet`,`address`);--> statement-breakpoint
CREATE UNIQUE INDEX `port_mac` ON `port` (`subnet`,`mac`);--> statement-breakpoint
CREATE INDEX `port_machine` ON `port` (`machine`);--> statement-breakpoint
CREATE TABLE `project` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`account` text NOT NULL,
	`createdAt` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `project_name_unique` ON `project` (`name`);--> statement-breakpoint
CREATE UNIQUE INDEX `project_account_unique` ON `project` (`account`);--> statement-breakpoint
CREATE TABLE `provider` (
	`id` text PRIMARY KEY NOT NULL,
	`cloud` text NOT NULL,
	`name` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `provider_name_unique` ON `provider` (`name`);--> statement-breakpoint
CREATE TABLE `region` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`account` text NOT NULL,
	FOREIGN KEY (`account`) REFERENCES `cloud_account`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `region_name_unique` ON `region` (`name`);--> statement-breakpoint
CREATE TABLE `session` (
	`id` text PRIMARY KEY NOT NULL,
	`tokenHash` text NOT NULL,
	`kind` text NOT NULL,
	`user` text NOT NULL,
	`project` text NOT NULL,
	`expiresAt` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `session_tokenHash_unique` ON `session` (`tokenHash`);--> statement-breakpoint
CREATE INDEX `session_expires` ON `session` (`expiresAt`);--> statement-breakpoint
CREATE TABLE `subnet` (
	`id` text PRIMARY KEY NOT NULL,
	`alias` text NOT NULL,
	`network` text NOT NULL,
	`zone` text NOT NULL,
	`cidr` text NOT NULL,
	`mtu` integer NOT NULL,
	FOREIGN KEY (`network`) REFERENCES `network`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`zone`) REFERENCES `zone`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `subnet_alias_unique` ON `subnet` (`alias`);--> statement-breakpoint
CREATE INDEX `subnet_network` ON `subnet` (`network`);--> statement-breakpoint
CREATE UNIQUE INDEX `subnet_range` ON `subnet` (`zone`,`cidr`);--> statement-breakpoint
CREATE TABLE `tag` (
	`resource` text NOT NULL,
	`key` text NOT NULL,
	`value` text NOT NULL,
	`project` text NOT NULL,
	PRIMARY KEY(`resource`, `key`)
);
--> statement-breakpoint
CREATE INDEX `tag_project` ON `tag` (`project`,`resource`,`key`);--> statement-breakpoint
CREATE TABLE `token` (
	`principal` text NOT NULL,
	`verb` text NOT NULL,
	`token` text NOT NULL,
	`requestHash` text NOT NULL,
	`answer` text NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`principal`, `verb`, `token`)
);
--> statement-breakpoint
CREATE INDEX `token_at` ON `token` (`at`);--> statement-breakpoint
CREATE TABLE `user` (
	`id` text PRIMARY KEY NOT NULL,
	`email` text NOT NULL,
	`password` text,
	`createdAt` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `user_email_unique` ON `user` (`email`);--> statement-breakpoint
CREATE TABLE `zone` (
	`id` text PRIMARY KEY NOT NULL,
	`region` text NOT NULL,
	`name` text NOT NULL,
	FOREIGN KEY (`region`) REFERENCES `region`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `zone_name_unique` ON `zone` (`name`);