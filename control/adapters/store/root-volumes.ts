/**
 * What the step to volumes does with data from before it, run in the batch of its migration: every zone gets a pool, every machine that
 * holds a disk gets it as a volume with the claim on it. A machine's own claim has no disk any more, so that a second run finds nothing.
 */
export const rootVolumes: readonly string[] = [
  `INSERT INTO storage_pool (id, zone, name, type, isDefault, createdAt)
    SELECT 'spl_' || lower(hex(randomblob(10))), z.id, 'local', 'directory', 1, CAST(unixepoch('subsec') * 1000 AS INTEGER)
    FROM zone z WHERE NOT EXISTS (SELECT 1 FROM storage_pool p WHERE p.zone = z.id)`,
  `INSERT INTO volume (id, alias, project, zone, pool, name, sizeMiB, sourceKind, sourceImage, baseImage, createdAt, deleted, generation, version)
    SELECT 'vol_' || substr(m.id, 4), 'vol-' || substr(lower(hex(randomblob(9))), 1, 17), m.project, m.zone, p.id, '', a.diskMiB, 'image', m.image, m.image,
      m.createdAt, 0, 1, 1
    FROM allocation a JOIN machine m ON m.id = a.consumer JOIN storage_pool p ON p.zone = m.zone AND p.isDefault = 1
    WHERE a.until IS NULL AND a.diskMiB > 0`,
  `INSERT INTO attachment (volume, machine, device, boot, readOnly, deleteOnTermination, at)
    SELECT 'vol_' || substr(m.id, 4), m.id, 'vda', 1, 0, 1, m.createdAt
    FROM allocation a JOIN machine m ON m.id = a.consumer WHERE a.until IS NULL AND a.diskMiB > 0`,
  `INSERT INTO allocation (id, consumer, host, vcpus, memoryMiB, diskMiB, "from", until)
    SELECT 'alc_' || lower(hex(randomblob(10))), 'vol_' || substr(a.consumer, 4), a.host, 0, 0, a.diskMiB, a."from", NULL
    FROM allocation a WHERE a.until IS NULL AND a.diskMiB > 0 AND a.consumer GLOB 'vm[_]*'`,
  `UPDATE allocation SET diskMiB = 0 WHERE until IS NULL AND consumer GLOB 'vm[_]*'`,
  `UPDATE host SET revision = revision + 1`,
]
