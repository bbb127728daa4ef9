import { programs } from './packet.ts'
import { Malformed, type XdrReader, type XdrWriter } from './xdr.ts'

/** A domain as libvirt passes it around; `id` is -1 while it is off. */
export interface Domain {
  readonly name: string
  readonly uuid: Buffer
  readonly id: number
}

/** A secret as libvirt passes it around: what it is for, and its name there. */
export interface Secret {
  readonly uuid: Buffer
  readonly usage: number
  readonly name: string
}

export interface DomainState {
  readonly state: number
  readonly reason: number
}

export interface DomainStats {
  readonly domain: Domain
  readonly values: ReadonlyMap<string, number | string>
}

/** A procedure of libvirt's program REMOTE, or of `program`: its number, how its arguments are written and its answer is read. */
export interface Procedure<A, R> {
  readonly program?: number

  readonly number: number
  write(writer: XdrWriter, args: A): void
  read(reader: XdrReader): R
}

const procedure = <A, R>(number: number, write: Procedure<A, R>['write'], read: Procedure<A, R>['read']): Procedure<A, R> => ({
  number,
  write,
  read,
})

const nothing = () => undefined
export const writeDomain = (writer: XdrWriter, domain: Domain): XdrWriter =>
  writer.string(domain.name).fixed(domain.uuid).int(domain.id)
export const readDomain = (reader: XdrReader): Domain => ({ name: reader.string(), uuid: reader.fixed(16), id: reader.int() })

const readSecret = (reader: XdrReader): Secret => ({ uuid: reader.fixed(16), usage: reader.int(), name: reader.string() })

const onDomain = <R>(number: number, read: Procedure<Domain, R>['read']) => procedure<Domain, R>(number, writeDomain, read)
const onDomainWithFlags = (number: number) =>
  procedure<{ domain: Domain; flags: number }, undefined>(
    number,
    (writer, { domain, flags }) => writeDomain(writer, domain).uint(flags),
    nothing,
  )

const withXml = (number: number) =>
  procedure<{ domain: Domain; xml: string; flags: number }, undefined>(
    number,
    (writer, { domain, xml, flags }) => writeDomain(writer, domain).string(xml).uint(flags),
    nothing,
  )

/** A typed parameter (VIR_TYPED_PARAM_*). Counters beyond 2^53 lose their last digits. */
function readParameter(reader: XdrReader): [name: string, value: number | string] {
  const name = reader.string()
  const type = reader.int()
  const read = parameterTypes[type]
  if (!read) throw new Malformed(`a parameter of type ${type}`)
  return [name, read(reader)]
}
const parameterTypes: Readonly<Record<number, (reader: XdrReader) => number | string>> = {
  1: reader => reader.int(),
  2: reader => reader.uint(),
  3: reader => Number(reader.hyper()),
  4: reader => Number(reader.uhyper()),
  5: reader => reader.double(),
  6: reader => reader.int(),
  7: reader => reader.string(),
}

/** VIR_TYPED_PARAM_STRING, the only type of parameter that is written here: name and text, a name as often as it has values. */
const stringParameter = 7
export type Parameters = readonly (readonly [name: string, text: string])[]
const writeParameters = (writer: XdrWriter, parameters: Parameters): XdrWriter => {
  writer.uint(parameters.length)
  for (const [name, text] of parameters) writer.string(name).int(stringParameter).string(text)
  return writer
}

/** Numbers and shapes as in libvirt's src/remote/remote_protocol.x; the comments name the C procedures. */
export const procedures = {
  /** REMOTE_PROC_CONNECT_OPEN */
  open: procedure<string, undefined>(1, (writer, uri) => writer.optional(uri, (w, text) => w.string(text)).uint(0), nothing),
  /** REMOTE_PROC_CONNECT_CLOSE */
  close: procedure<void, undefined>(2, nothing, nothing),
  /** REMOTE_PROC_CONNECT_GET_TYPE */
  type: procedure<void, string>(3, nothing, reader => reader.string()),
  /** REMOTE_PROC_CONNECT_GET_VERSION: major × 1,000,000 + minor × 1,000 + release, of the hypervisor. */
  version: procedure<void, bigint>(4, nothing, reader => reader.uhyper()),
  /** REMOTE_PROC_DOMAIN_GET_XML_DESC; with no flags as it is now: live where it runs. Passwords are left out. */
  xml: procedure<{ domain: Domain; flags: number }, string>(
    14,
    (writer, { domain, flags }) => writeDomain(writer, domain).uint(flags),
    reader => reader.string(),
  ),
  /** REMOTE_PROC_DOMAIN_LOOKUP_BY_UUID */
  lookup: procedure<Uint8Array, Domain>(24, (writer, uuid) => writer.fixed(uuid), readDomain),
  /** REMOTE_PROC_DOMAIN_UPDATE_DEVICE_FLAGS, of what runs (VIR_DOMAIN_AFFECT_LIVE). */
  updateDevice: procedure<{ domain: Domain; xml: string }, undefined>(
    174,
    (writer, { domain, xml }) => writeDomain(writer, domain).string(xml).uint(1),
    nothing,
  ),
  /** REMOTE_PROC_DOMAIN_SCREENSHOT of the first screen: answers the picture's type, then the picture as a stream. */
  screenshot: procedure<Domain, undefined>(211, (writer, domain) => writeDomain(writer, domain).uint(0).uint(0), nothing),
  /** QEMU_PROC_DOMAIN_AGENT_COMMAND; `seconds` that the agent inside the guest may take. */
  guest: {
    ...procedure<{ domain: Domain; command: string; seconds: number }, string | null>(
      3,
      (writer, { domain, command, seconds }) => writeDomain(writer, domain).string(command).int(seconds).uint(0),
      reader => reader.optional(r => r.string()),
    ),
    program: programs.qemu,
  },
  /** REMOTE_PROC_DOMAIN_SUSPEND */
  pause: onDomain(34, nothing),
  /** REMOTE_PROC_DOMAIN_RESUME */
  resume: onDomain(28, nothing),
  /** REMOTE_PROC_CONNECT_SUPPORTS_FEATURE */
  supports: procedure<number, boolean>(
    60,
    (writer, feature) => writer.int(feature),
    reader => reader.int() !== 0,
  ),
  /** REMOTE_PROC_AUTH_LIST: 0 none, 1 SASL, 2 polkit. */
  authentications: procedure<void, number[]>(66, nothing, reader => reader.list(r => r.int())),
  /** REMOTE_PROC_DOMAIN_MANAGED_SAVE: memory goes to a file of libvirt's own, and the domain off. */
  save: onDomainWithFlags(182),
  /** REMOTE_PROC_DOMAIN_HAS_MANAGED_SAVE_IMAGE */
  saved: procedure<Domain, boolean>(
    183,
    (writer, domain) => writeDomain(writer, domain).uint(0),
    reader => reader.int() !== 0,
  ),
  /** REMOTE_PROC_DOMAIN_MANAGED_SAVE_REMOVE */
  dropSaved: onDomainWithFlags(184),
  /** REMOTE_PROC_DOMAIN_ATTACH_DEVICE_FLAGS */
  attachDevice: withXml(160),
  /** REMOTE_PROC_DOMAIN_DETACH_DEVICE_FLAGS */
  detachDevice: withXml(161),
  /** REMOTE_PROC_DOMAIN_SNAPSHOT_CREATE_XML; the snapshot that it answers is of no use here. */
  snapshot: withXml(185),
  /** REMOTE_PROC_DOMAIN_CREATE_WITH_FLAGS */
  start: procedure<Domain, Domain>(196, (writer, domain) => writeDomain(writer, domain).uint(0), readDomain),
  /** REMOTE_PROC_DOMAIN_OPEN_CONSOLE, of the first serial port; flag 1 (FORCE) ends another reader. */
  openConsole: procedure<Domain, undefined>(
    201,
    (writer, domain) => writeDomain(writer, domain).optional<string>(null, nothing).uint(1),
    nothing,
  ),
  /** REMOTE_PROC_DOMAIN_GET_STATE */
  state: procedure<Domain, DomainState>(
    212,
    (writer, domain) => writeDomain(writer, domain).uint(0),
    reader => ({ state: reader.int(), reason: reader.int() }),
  ),
  /** REMOTE_PROC_DOMAIN_UNDEFINE_FLAGS */
  undefine: onDomainWithFlags(231),
  /** REMOTE_PROC_DOMAIN_DESTROY_FLAGS */
  destroy: onDomainWithFlags(234),
  /** REMOTE_PROC_DOMAIN_BLOCK_JOB_ABORT; returns when it has ended. */
  abortBlockJob: procedure<{ domain: Domain; device: string }, undefined>(
    237,
    (writer, { domain, device }) => writeDomain(writer, domain).string(device).uint(0),
    nothing,
  ),
  /** REMOTE_PROC_DOMAIN_GET_BLOCK_JOB_INFO: how far the job on a disk is; null where there is none. */
  blockJob: procedure<{ domain: Domain; device: string }, { done: bigint; end: bigint } | null>(
    238,
    (writer, { domain, device }) => writeDomain(writer, domain).string(device).uint(0),
    reader => {
      const found = reader.int() !== 0
      reader.int()
      reader.uhyper()
      const [done, end] = [reader.uhyper(), reader.uhyper()]
      return found ? { done, end } : null
    },
  ),
  /** REMOTE_PROC_DOMAIN_RESET */
  reset: procedure<Domain, undefined>(245, (writer, domain) => writeDomain(writer, domain).uint(0), nothing),
  /** REMOTE_PROC_DOMAIN_BLOCK_RESIZE; flag 1: `size` is of bytes. */
  blockResize: procedure<{ domain: Domain; device: string; bytes: bigint }, undefined>(
    251,
    (writer, { domain, device, bytes }) => writeDomain(writer, domain).string(device).uhyper(bytes).uint(1),
    nothing,
  ),
  /** REMOTE_PROC_DOMAIN_REBOOT */
  reboot: onDomainWithFlags(27),
  /** REMOTE_PROC_DOMAIN_SHUTDOWN_FLAGS */
  shutdown: onDomainWithFlags(258),
  /** REMOTE_PROC_DOMAIN_GET_METADATA, of type ELEMENT (2): the element of that namespace. */
  metadata: procedure<{ domain: Domain; uri: string }, string>(
    265,
    (writer, { domain, uri }) =>
      writeDomain(writer, domain)
        .int(2)
        .optional(uri, (w, text) => w.string(text))
        .uint(0),
    reader => reader.string(),
  ),
  /** REMOTE_PROC_CONNECT_LIST_ALL_DOMAINS, running or not. */
  domains: procedure<void, Domain[]>(
    273,
    writer => writer.int(1).uint(0),
    reader => reader.list(readDomain),
  ),
  /** REMOTE_PROC_DOMAIN_GET_JOB_INFO: of a migration how many bytes there are, and how many are left. */
  job: procedure<Domain, { total: bigint; left: bigint }>(163, writeDomain, reader => {
    reader.int()
    reader.uhyper()
    reader.uhyper()
    const [total, , left] = [reader.uhyper(), reader.uhyper(), reader.uhyper()]
    return { total, left }
  }),
  /** REMOTE_PROC_DOMAIN_ABORT_JOB */
  abortJob: onDomain(164, nothing),
  /** REMOTE_PROC_DOMAIN_BLOCK_COMMIT with no flags: `top`, which is not the newest, is written down into `base` and leaves the disk. */
  blockCommit: procedure<{ domain: Domain; device: string; base: string; top: string }, undefined>(
    290,
    (writer, { domain, device, base, top }) =>
      writeDomain(writer, domain)
        .string(device)
        .optional(base, (w, path) => w.string(path))
        .optional(top, (w, path) => w.string(path))
        .uhyper(0n)
        .uint(0),
    nothing,
  ),
  /** REMOTE_PROC_DOMAIN_MIGRATE_BEGIN3_PARAMS */
  migrateBegin: procedure<{ domain: Domain; parameters: Parameters; flags: number }, { cookie: Buffer; xml: string }>(
    302,
    (writer, { domain, parameters, flags }) => writeParameters(writeDomain(writer, domain), parameters).uint(flags),
    reader => ({ cookie: reader.opaque(), xml: reader.string() }),
  ),
  /** REMOTE_PROC_DOMAIN_MIGRATE_PREPARE3_PARAMS */
  migratePrepare: procedure<{ parameters: Parameters; cookie: Buffer; flags: number }, { cookie: Buffer }>(
    303,
    (writer, { parameters, cookie, flags }) => writeParameters(writer, parameters).opaque(cookie).uint(flags),
    reader => ({ cookie: reader.opaque() }),
  ),
  /** REMOTE_PROC_DOMAIN_MIGRATE_PERFORM3_PARAMS, driven by us: no URI of the other libvirtd. */
  migratePerform: procedure<{ domain: Domain; parameters: Parameters; cookie: Buffer; flags: number }, { cookie: Buffer }>(
    305,
    (writer, { domain, parameters, cookie, flags }) =>
      writeParameters(writeDomain(writer, domain).optional<string>(null, nothing), parameters).opaque(cookie).uint(flags),
    reader => ({ cookie: reader.opaque() }),
  ),
  /** REMOTE_PROC_DOMAIN_MIGRATE_FINISH3_PARAMS */
  migrateFinish: procedure<
    { parameters: Parameters; cookie: Buffer; flags: number; cancelled: boolean },
    { domain: Domain; cookie: Buffer }
  >(
    306,
    (writer, { parameters, cookie, flags, cancelled }) =>
      writeParameters(writer, parameters)
        .opaque(cookie)
        .uint(flags)
        .int(cancelled ? 1 : 0),
    reader => ({ domain: readDomain(reader), cookie: reader.opaque() }),
  ),
  /** REMOTE_PROC_DOMAIN_MIGRATE_CONFIRM3_PARAMS */
  migrateConfirm: procedure<{ domain: Domain; cookie: Buffer; flags: number; cancelled: boolean }, undefined>(
    307,
    (writer, { domain, cookie, flags, cancelled }) =>
      writeParameters(writeDomain(writer, domain), [])
        .opaque(cookie)
        .uint(flags)
        .int(cancelled ? 1 : 0),
    nothing,
  ),
  /** REMOTE_PROC_CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY; answers the callback's id. */
  registerEvent: procedure<number, number>(
    316,
    (writer, event) => writer.int(event).optional<Domain>(null, nothing),
    reader => reader.int(),
  ),
  /** REMOTE_PROC_CONNECT_GET_ALL_DOMAIN_STATS, of all domains that `flags` choose: counters by the names that `virsh domstats` prints. */
  stats: procedure<{ stats: number; flags: number }, DomainStats[]>(
    344,
    (writer, { stats, flags }) => writer.uint(0).uint(stats).uint(flags),
    reader => reader.list(r => ({ domain: readDomain(r), values: new Map(r.list(readParameter)) })),
  ),
  /** REMOTE_PROC_SECRET_DEFINE_XML; one that is there is left, with what it is for. */
  defineSecret: procedure<string, Secret>(142, (writer, xml) => writer.string(xml).uint(0), readSecret),
  /** REMOTE_PROC_SECRET_SET_VALUE */
  setSecret: procedure<{ secret: Secret; value: Uint8Array }, undefined>(
    144,
    (writer, { secret: { uuid, usage, name }, value }) => writer.fixed(uuid).int(usage).string(name).opaque(value).uint(0),
    nothing,
  ),
  /** REMOTE_PROC_DOMAIN_DEFINE_XML_FLAGS */
  define: procedure<string, Domain>(350, (writer, xml) => writer.string(xml).uint(0), readDomain),
} as const

/** What libvirtd sends unasked. */
export const events = {
  /** REMOTE_PROC_DOMAIN_EVENT_CALLBACK_LIFECYCLE */
  lifecycle: 318,
  /** REMOTE_PROC_DOMAIN_EVENT_CALLBACK_REBOOT */
  reboot: 319,
} as const

/** The arguments of `registerEvent`: VIR_DOMAIN_EVENT_ID_LIFECYCLE, _REBOOT. */
export const eventIds = { lifecycle: 0, reboot: 1 } as const
/** VIR_DOMAIN_EVENT_STOPPED */
export const stoppedEvent = 5
/** VIR_DRV_FEATURE_PROGRAM_KEEPALIVE: asking for it makes libvirtd answer our pings and send its own. */
export const keepaliveFeature = 10

export interface LifecycleEvent {
  readonly domain: Domain
  readonly event: number
}

export const readLifecycle = (reader: XdrReader): LifecycleEvent => {
  reader.int()
  return { domain: readDomain(reader), event: reader.int() }
}

export const readReboot = (reader: XdrReader): Domain => {
  reader.int()
  return readDomain(reader)
}
