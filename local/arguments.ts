import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { ok, type Result, refuse } from '../shared/kit/fault.ts'

export interface Options {
  /** The data directory, absolute. */
  readonly data: string
  /** Of the portal and the native API; the EC2 endpoint is the next one. */
  readonly port: number
  /** The name under which this machine's host is shown. */
  readonly hostName: string
  /** How many hosts are made up; 0: this machine is the host. */
  readonly simulated: number
  readonly agent: boolean
  readonly yes: boolean
  /** The address to listen on with TLS, beside plain loopback. */
  readonly listen?: { readonly address: string; readonly certificate?: { readonly certificate: string; readonly key: string } }
  readonly region: string
}

export const help = `usage: npm start -- [options]
  --data DIR         where this instance lives (./.sirocco)
  --port N           of portal and API; the EC2 endpoint is N+1 (8787)
  --host-name NAME   how this machine's host is called (its own name)
  --simulated [N]    N simulated hosts (1) in place of this machine: no root, no libvirt, no real machines
  --no-agent         the control plane alone
  --region NAME      the region's name; its zone is NAMEa (local-1)
  --listen ADDRESS   also listen on this address of this machine, with TLS
  --tls-cert FILE --tls-key FILE   for --listen: PEM; without them a certificate is made and its pin printed
  --yes              install missing Debian packages without asking`

/** A flag with a value that may be left out, as `parseArgs` does not know it. */
function simulatedHosts(args: readonly string[]): { rest: string[]; hosts: number | undefined } {
  const rest = [...args]
  const at = rest.findIndex(arg => arg === '--simulated' || arg.startsWith('--simulated='))
  if (at < 0) return { rest, hosts: 0 }
  const [, given] = rest[at]?.split('=') ?? []
  const next = rest[at + 1]
  const value = given ?? (next !== undefined && !next.startsWith('-') ? next : undefined)
  rest.splice(at, given === undefined && value !== undefined ? 2 : 1)
  return { rest, hosts: integer(value ?? '1', 1, 1_000) }
}

const integer = (text: string, from: number, to: number): number | undefined => {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN
  return value >= from && value <= to ? value : undefined
}

/** What `npm start` was asked for. */
export function readArguments(args: readonly string[], here: string = process.cwd()): Result<Options | 'help'> {
  const { rest, hosts } = simulatedHosts(args)
  let values: ReturnType<typeof parse>
  try {
    values = parse(rest)
  } catch (reason) {
    return refuse('invalid', `${reason instanceof Error ? reason.message.replace(/\.$/, '') : String(reason)}.\n${help}`)
  }
  if (values.help) return ok('help')

  if (values.data === '') return refuse('invalid', '--data takes a directory.')
  const port = integer(values.port, 1, 65_534)
  if (port === undefined) return refuse('invalid', `--port takes a number from 1 to 65534, not ${values.port}.`)
  if (hosts === undefined) return refuse('invalid', '--simulated takes a number of hosts from 1 to 1000.')
  if (!/^[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?$/.test(values.region)) {
    return refuse('invalid', `--region takes a name of small letters, digits and hyphens, not ${values.region}.`)
  }
  const name = values['host-name'] ?? hostname()
  if (!/^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,62})$/.test(name)) {
    return refuse('invalid', `--host-name takes letters, digits, dots and hyphens, not ${name}.`)
  }
  const listen = listening(values)
  if (!listen.ok) return listen

  return ok({
    data: resolve(here, values.data),
    port,
    hostName: name,
    simulated: hosts,
    agent: !values['no-agent'],
    yes: values.yes,
    region: values.region,
    ...listen.value,
  })
}

function parse(args: string[]) {
  const { values } = parseArgs({
    args,
    strict: true,
    options: {
      data: { type: 'string', default: '.sirocco' },
      port: { type: 'string', default: '8787' },
      'host-name': { type: 'string' },
      'no-agent': { type: 'boolean', default: false },
      yes: { type: 'boolean', default: false },
      listen: { type: 'string' },
      'tls-cert': { type: 'string' },
      'tls-key': { type: 'string' },
      region: { type: 'string', default: 'local-1' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  return values
}

function listening(values: ReturnType<typeof parse>): Result<Pick<Options, 'listen'>> {
  const { listen: address, 'tls-cert': certificate, 'tls-key': key } = values
  if ((certificate === undefined) !== (key === undefined)) return refuse('invalid', '--tls-cert and --tls-key go together.')
  if (address === undefined) {
    return certificate === undefined ? ok({}) : refuse('invalid', '--tls-cert is for --listen; loopback is plain.')
  }
  if (isIP(address) === 0) return refuse('invalid', `--listen takes an address of this machine or 0.0.0.0, not ${address}.`)
  if (certificate === undefined || key === undefined) return ok({ listen: { address } })
  return ok({ listen: { address, certificate: { certificate, key } } })
}
