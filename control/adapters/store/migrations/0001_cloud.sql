CREATE TABLE `agent_upgrade` (
	`host` text NOT NULL,
	`generation` integer NOT NULL,
	`agent` text NOT NULL,
	`bundle` text NOT NULL,
	`rolling` integer NOT NULL,
	`endedAt` integer,
	`why` text,
	PRIMARY KEY(`host`, `generation`),
	FOREIGN KEY (`host`) REFERENCES `host`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`agent`) REFERENCES `agent`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `agent_upgrade_live` ON `agent_upgrade` (`agent`) WHERE "agent_upgrade"."endedAt" IS NULL;--> statement-breakpoint
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
CREATE TABLE `audit_seal` (
	`seq` integer PRIMARY KEY NOT NULL,
	`hash` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `backup` (
	`id` text PRIMARY KEY NOT NULL,
	`project` text NOT NULL,
	`name` text NOT NULL,
	`volume` text NOT NULL,
	`volumeAlias` text NOT NULL,
	`sizeMiB` integer NOT NULL,
	`snapshot` text NOT NULL,
	`made` text NOT NULL,
	`failure` text,
	`host` text,
	`turn` integer,
	`base` text,
	`busy` integer NOT NULL,
	`root` text,
	`sizeBytes` integer,
	`storedBytes` integer,
	`createdAt` integer NOT NULL,
	`endedAt` integer,
	`sweptAt` integer,
	`deleted` integer NOT NULL,
	`generation` integer NOT NULL,
	`version` integer NOT NULL,
	`goneAt` integer
);
--> statement-breakpoint
CREATE INDEX `backup_project` ON `backup` (`project`,`id`);--> statement-breakpoint
CREATE INDEX `backup_volume` ON `backup` (`volume`,`id`);--> statement-breakpoint
CREATE INDEX `backup_host` ON `backup` (`host`) WHERE "backup"."host" IS NOT NULL;--> statement-breakpoint
CREATE INDEX `backup_unswept` ON `backup` (`endedAt`) WHERE "backup"."sweptAt" IS NULL AND "backup"."made" <> 'ready' AND "backup"."endedAt" IS NOT NULL;--> statement-breakpoint
CREATE INDEX `backup_gone` ON `backup` (`goneAt`) WHERE "backup"."goneAt" IS NOT NULL;--> statement-breakpoint
CREATE TABLE `backup_observed` (
	`backup` text PRIMARY KEY NOT NULL,
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
	`pin` text,
	`system` text,
	`password` text NOT NULL,
	FOREIGN KEY (`host`) REFERENCES `host`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
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
CREATE TABLE `invitation` (
	`id` text PRIMARY KEY NOT NULL,
	`tokenHash` text NOT NULL,
	`project` text NOT NULL,
	`email` text NOT NULL,
	`role` text NOT NULL,
	`invitedBy` text NOT NULL,
	`createdAt` integer NOT NULL,
	`expiresAt` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `invitation_tokenHash_unique` ON `invitation` (`tokenHash`);--> statement-breakpoint
CREATE INDEX `invitation_project` ON `invitation` (`project`,`id`);--> statement-breakpoint
CREATE INDEX `invitation_expires` ON `invitation` (`expiresAt`);--> statement-breakpoint
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
	`volumes` text NOT NULL,
	`phase` text NOT NULL,
	`offline` integer DEFAULT false NOT NULL,
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
CREATE TABLE `port_group` (
	`port` text NOT NULL,
	`securityGroup` text NOT NULL,
	PRIMARY KEY(`port`, `securityGroup`)
);
--> statement-breakpoint
CREATE INDEX `port_group_members` ON `port_group` (`securityGroup`,`port`);--> statement-breakpoint
CREATE TABLE `quota` (
	`project` text NOT NULL,
	`resource` text NOT NULL,
	`most` integer NOT NULL,
	PRIMARY KEY(`project`, `resource`)
);
--> statement-breakpoint
CREATE TABLE `quota_guard` (
	`resource` text NOT NULL,
	CONSTRAINT "quota_machines" CHECK("quota_guard"."resource" <> 'machines'),
	CONSTRAINT "quota_vcpus" CHECK("quota_guard"."resource" <> 'vcpus'),
	CONSTRAINT "quota_memory" CHECK("quota_guard"."resource" <> 'memory'),
	CONSTRAINT "quota_volumes" CHECK("quota_guard"."resource" <> 'volumes'),
	CONSTRAINT "quota_disk" CHECK("quota_guard"."resource" <> 'disk'),
	CONSTRAINT "quota_snapshots" CHECK("quota_guard"."resource" <> 'snapshots')
);
--> statement-breakpoint
CREATE TABLE `sample_history` (
	`host` text NOT NULL,
	`at` integer NOT NULL,
	`data` text NOT NULL,
	PRIMARY KEY(`host`, `at`)
);
--> statement-breakpoint
CREATE INDEX `sample_history_at` ON `sample_history` (`at`);--> statement-breakpoint
CREATE TABLE `security_group` (
	`id` text PRIMARY KEY NOT NULL,
	`alias` text NOT NULL,
	`project` text NOT NULL,
	`network` text NOT NULL,
	`name` text NOT NULL,
	`description` text NOT NULL,
	`isDefault` integer NOT NULL,
	`createdAt` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `security_group_alias_unique` ON `security_group` (`alias`);--> statement-breakpoint
CREATE UNIQUE INDEX `security_group_name` ON `security_group` (`network`,`name`);--> statement-breakpoint
CREATE UNIQUE INDEX `security_group_default` ON `security_group` (`network`) WHERE "security_group"."isDefault" = 1;--> statement-breakpoint
CREATE INDEX `security_group_project` ON `security_group` (`project`,`id`);--> statement-breakpoint
CREATE TABLE `security_rule` (
	`id` text PRIMARY KEY NOT NULL,
	`alias` text NOT NULL,
	`securityGroup` text NOT NULL,
	`direction` text NOT NULL,
	`protocol` text NOT NULL,
	`from` integer,
	`to` integer,
	`cidr` text,
	`peer` text,
	`description` text NOT NULL,
	`likeness` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `security_rule_alias_unique` ON `security_rule` (`alias`);--> statement-breakpoint
CREATE UNIQUE INDEX `security_rule_alike` ON `security_rule` (`securityGroup`,`likeness`);--> statement-breakpoint
CREATE INDEX `security_rule_peer` ON `security_rule` (`peer`,`securityGroup`);--> statement-breakpoint
CREATE TABLE `snapshot` (
	`id` text PRIMARY KEY NOT NULL,
	`alias` text NOT NULL,
	`project` text NOT NULL,
	`zone` text NOT NULL,
	`pool` text NOT NULL,
	`volume` text NOT NULL,
	`baseImage` text,
	`volumeAlias` text NOT NULL,
	`name` text NOT NULL,
	`passing` integer NOT NULL,
	`keptOn` text,
	`moment` text,
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
CREATE INDEX `snapshot_quota` ON `snapshot` (`project`) WHERE "snapshot"."deleted" = 0 AND "snapshot"."passing" = 0;--> statement-breakpoint
CREATE INDEX `snapshot_volume` ON `snapshot` (`volume`,`id`);--> statement-breakpoint
CREATE INDEX `snapshot_base` ON `snapshot` (`baseImage`) WHERE "snapshot"."baseImage" IS NOT NULL;--> statement-breakpoint
CREATE INDEX `snapshot_moment` ON `snapshot` (`moment`) WHERE "snapshot"."moment" IS NOT NULL;--> statement-breakpoint
CREATE INDEX `snapshot_gone` ON `snapshot` (`goneAt`) WHERE "snapshot"."goneAt" IS NOT NULL;--> statement-breakpoint
CREATE TABLE `snapshot_observed` (
	`snapshot` text PRIMARY KEY NOT NULL,
	`host` text,
	`epoch` integer NOT NULL,
	`seq` integer NOT NULL,
	`appliedGeneration` integer NOT NULL,
	`here` integer NOT NULL,
	`quiet` integer DEFAULT false NOT NULL,
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
CREATE TABLE `tombstone` (
	`host` text NOT NULL,
	`subject` text NOT NULL,
	`generation` integer NOT NULL,
	`pool` text,
	`at` integer NOT NULL,
	PRIMARY KEY(`host`, `subject`)
);
--> statement-breakpoint
CREATE INDEX `tombstone_subject` ON `tombstone` (`subject`);--> statement-breakpoint
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
	`sourceBackup` text,
	`baseImage` text,
	`revertSnapshot` text,
	`revertTurn` integer,
	`grownFrom` integer,
	`grownAt` integer,
	`keptOn` text,
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
CREATE INDEX `volume_quota` ON `volume` (`project`,`sizeMiB`) WHERE "volume"."deleted" = 0;--> statement-breakpoint
CREATE INDEX `volume_snapshot` ON `volume` (`sourceSnapshot`) WHERE "volume"."sourceSnapshot" IS NOT NULL;--> statement-breakpoint
CREATE INDEX `volume_backup` ON `volume` (`sourceBackup`) WHERE "volume"."sourceBackup" IS NOT NULL;--> statement-breakpoint
CREATE INDEX `volume_base` ON `volume` (`baseImage`) WHERE "volume"."baseImage" IS NOT NULL;--> statement-breakpoint
CREATE INDEX `volume_revert` ON `volume` (`revertSnapshot`) WHERE "volume"."revertSnapshot" IS NOT NULL;--> statement-breakpoint
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
--> statement-breakpoint
CREATE TABLE `challenge` (
	`tokenHash` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`user` text,
	`data` text,
	`tries` integer DEFAULT 0 NOT NULL,
	`expiresAt` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `challenge_expires` ON `challenge` (`expiresAt`);--> statement-breakpoint
CREATE TABLE `passkey` (
	`id` text PRIMARY KEY NOT NULL,
	`credential` text NOT NULL,
	`user` text NOT NULL,
	`name` text NOT NULL,
	`publicKey` text NOT NULL,
	`counter` integer NOT NULL,
	`transports` text NOT NULL,
	`backedUp` integer NOT NULL,
	`createdAt` integer NOT NULL,
	`lastUsedAt` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `passkey_credential_unique` ON `passkey` (`credential`);--> statement-breakpoint
CREATE INDEX `passkey_user` ON `passkey` (`user`,`id`);--> statement-breakpoint
CREATE TABLE `recovery_code` (
	`user` text NOT NULL,
	`hash` text NOT NULL,
	PRIMARY KEY(`user`, `hash`)
);
--> statement-breakpoint
CREATE TABLE `sign_in_try` (
	`key` text PRIMARY KEY NOT NULL,
	`tries` integer NOT NULL,
	`until` integer NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `sign_in_try_at` ON `sign_in_try` (`at`);--> statement-breakpoint
CREATE TABLE `totp` (
	`user` text PRIMARY KEY NOT NULL,
	`secret` text NOT NULL,
	`confirmedAt` integer,
	`lastStep` integer DEFAULT 0 NOT NULL,
	`createdAt` integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE `access_key` ADD `expiresAt` integer;--> statement-breakpoint
ALTER TABLE `access_key` ADD `lastUsedAt` integer;--> statement-breakpoint
CREATE INDEX `access_key_project` ON `access_key` (`project`,`id`);--> statement-breakpoint
ALTER TABLE `agent` ADD `bundle` text;--> statement-breakpoint
ALTER TABLE `agent` ADD `protocol` integer;--> statement-breakpoint
ALTER TABLE `agent` ADD `roles` text DEFAULT '["host"]' NOT NULL;--> statement-breakpoint
ALTER TABLE `agent` ADD `clonedAt` integer;--> statement-breakpoint
ALTER TABLE `agent` ADD `removedAt` integer;--> statement-breakpoint
CREATE INDEX `agent_converts` ON `agent` (`id`) WHERE "agent"."roles" LIKE '%convert%';--> statement-breakpoint
ALTER TABLE `allocation` ADD `placementGroup` text;--> statement-breakpoint
CREATE INDEX `allocation_group` ON `allocation` (`placementGroup`,`host`) WHERE "allocation"."until" IS NULL AND "allocation"."placementGroup" IS NOT NULL;--> statement-breakpoint
ALTER TABLE `enrolment` ADD `id` text;--> statement-breakpoint
ALTER TABLE `enrolment` ADD `roles` text DEFAULT '["host"]' NOT NULL;--> statement-breakpoint
ALTER TABLE `enrolment` ADD `createdBy` text;--> statement-breakpoint
ALTER TABLE `enrolment` ADD `createdAt` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `enrolment` ADD `revokedAt` integer;--> statement-breakpoint
CREATE UNIQUE INDEX `enrolment_id` ON `enrolment` (`id`);--> statement-breakpoint
ALTER TABLE `flavor` ADD `hostTags` text DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE `host` ADD `maintenance` text DEFAULT 'none' NOT NULL;--> statement-breakpoint
ALTER TABLE `host` ADD `generation` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `host` ADD `diskRatio` integer DEFAULT 4 NOT NULL;--> statement-breakpoint
ALTER TABLE `host` ADD `tags` text DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE `host` ADD `freeVcpus` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `host` ADD `freeMemoryMiB` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `host` ADD `freeDiskMiB` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `host` ADD `removedAt` integer;--> statement-breakpoint
CREATE INDEX `host_zone` ON `host` (`zone`,`id`);--> statement-breakpoint
CREATE INDEX `host_room` ON `host` (`zone`,`freeMemoryMiB`) WHERE "host"."accepting" = 1;--> statement-breakpoint
ALTER TABLE `host_observed` ADD `underlay` text;--> statement-breakpoint
ALTER TABLE `image` ADD `firmware` text DEFAULT 'bios' NOT NULL;--> statement-breakpoint
ALTER TABLE `image` ADD `visibility` text DEFAULT 'public' NOT NULL;--> statement-breakpoint
ALTER TABLE `image` ADD `state` text DEFAULT 'ready' NOT NULL;--> statement-breakpoint
ALTER TABLE `image` ADD `generation` integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE `image` ADD `failure` text;--> statement-breakpoint
ALTER TABLE `image` ADD `virtualBytes` integer;--> statement-breakpoint
ALTER TABLE `image` ADD `origin` text;--> statement-breakpoint
ALTER TABLE `image` ADD `deprecatedAt` integer;--> statement-breakpoint
ALTER TABLE `image` ADD `forRescue` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `image` ADD `deletedAt` integer;--> statement-breakpoint
CREATE INDEX `image_project` ON `image` (`project`,`id`);--> statement-breakpoint
CREATE INDEX `image_deleted` ON `image` (`deletedAt`,`id`) WHERE "image"."deletedAt" IS NOT NULL;--> statement-breakpoint
CREATE INDEX `image_rescue` ON `image` (`id`) WHERE "image"."forRescue" = 1;--> statement-breakpoint
CREATE INDEX `image_pending` ON `image` (`createdAt`,`id`) WHERE "image"."state" = 'pending';--> statement-breakpoint
ALTER TABLE `machine` ADD `placementGroup` text;--> statement-breakpoint
ALTER TABLE `machine` ADD `hostTags` text DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE `machine` ADD `protected` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `machine` ADD `firmware` text DEFAULT 'bios' NOT NULL;--> statement-breakpoint
ALTER TABLE `machine` ADD `recover` text DEFAULT 'no' NOT NULL;--> statement-breakpoint
ALTER TABLE `machine` ADD `rescueImage` text;--> statement-breakpoint
ALTER TABLE `machine` ADD `rescueVolume` text;--> statement-breakpoint
CREATE INDEX `machine_quota` ON `machine` (`project`,`vcpus`,`memoryMiB`) WHERE "machine"."power" <> 'gone';--> statement-breakpoint
CREATE INDEX `machine_image` ON `machine` (`image`);--> statement-breakpoint
CREATE INDEX `machine_group` ON `machine` (`placementGroup`) WHERE "machine"."placementGroup" IS NOT NULL AND "machine"."goneAt" IS NULL;--> statement-breakpoint
ALTER TABLE `operation` ADD `waitingSaid` text;--> statement-breakpoint
ALTER TABLE `operation` ADD `waitingSince` integer;--> statement-breakpoint
ALTER TABLE `operation` ADD `asked` text;--> statement-breakpoint
ALTER TABLE `operation` ADD `stuckIn` text;--> statement-breakpoint
CREATE INDEX `operation_stuck` ON `operation` (`id`) WHERE "operation"."state" = 'stuck';--> statement-breakpoint
ALTER TABLE `orphan` ADD `id` text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE `orphan` ADD `found` text;--> statement-breakpoint
ALTER TABLE `orphan` ADD `digest` text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE `orphan` ADD `generation` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `orphan` ADD `removing` integer DEFAULT false NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX `orphan_id` ON `orphan` (`id`) WHERE "orphan"."id" <> '';--> statement-breakpoint
ALTER TABLE `session` ADD `createdAt` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `session` ADD `address` text;--> statement-breakpoint
ALTER TABLE `session` ADD `device` text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE `session` ADD `lastUsedAt` integer;--> statement-breakpoint
CREATE INDEX `session_user` ON `session` (`user`,`id`);--> statement-breakpoint
ALTER TABLE `user` ADD `disabledAt` integer;--> statement-breakpoint
CREATE INDEX `membership_project` ON `membership` (`project`,`user`);--> statement-breakpoint
CREATE INDEX `membership_admin` ON `membership` (`user`) WHERE "membership"."role" = 'admin';--> statement-breakpoint
CREATE INDEX `tag_value` ON `tag` (`project`,`key`,`value`,`resource`);