#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { MachinePage } from '@sirocco/shared/api/machines.ts'
import { second } from '@sirocco/shared/kit/clock.ts'
import { type Fault, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { askAll } from './api.ts'
import { audit } from './audit/audit.ts'
import { checkAuditFile } from './check-audit/file.ts'
import { doctor } from './doctor/doctor.ts'
import { type Endpoint, endpointAt, endpointIn, placeIn } from './place.ts'
import { table } from './table.ts'

const usage = `usage: sirocco COMMAND [options]

  audit-host      compare this host with what the control plane wants on it: empty where nothing is lost, leaked or doubled
                  --host NAME    one of the agent's hosts only
                  --wait SECONDS look again for as long where something differs, since it may be under way (5)
  check-audit FILE  whether an export of the audit (GET /api/v1/audit) is as it was sealed: needs no control plane
  doctor          look for what keeps this machine or its instance from working, and say what to do
  machines list   machines of the project
  backup          in a clone: the control plane of an instance as one sealed file, while it runs, see backup --help
  restore         in a clone: an instance of such a file, see restore --help
  uninstall       in a clone: remove an instance from this machine for good, see uninstall --help

  --json          for programs
  --data DIR      an instance of this machine (./.sirocco)
  --url URL       another control plane, with --token TOKEN, --token-file FILE or SIROCCO_TOKEN in the environment
  --agent DIR     the agent's folder (DIR/agent of --data; with --url /var/lib/sirocco/agent)

Ends with 0; with 1 where something is found; with 2 where it could not look.
`

const options = {
  json: { type: 'boolean', default: false },
  data: { type: 'string', default: '.sirocco' },
  url: { type: 'string' },
  token: { type: 'string' },
  'token-file': { type: 'string' },
  agent: { type: 'string' },
  host: { type: 'string' },
  wait: { type: 'string', default: '5' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

const parse = (args: readonly string[]) => parseArgs({ args: [...args], options, allowPositionals: true })
type Values = ReturnType<typeof parse>['values']

/** Of a search; `failed` where it could not be made. */
const codes = { nothing: 0, something: 1, failed: 2 } as const

const commands: Readonly<Record<string, (values: Values, file: string) => Promise<number>>> = {
  'check-audit': async (values, file) => {
    const checked = await checkAuditFile(file)
    if (!checked.ok) return checked.fault.code === 'invalid' ? found(checked.fault) : refused(checked.fault)
    const { lines, unsealed, last } = checked.value
    if (values.json) print(`${JSON.stringify(checked.value, null, 2)}\n`)
    else
      print(
        `${lines} lines are as they were sealed, ${unsealed} of them not sealed yet; up to ${last?.seal ?? 0}, hash ${last?.hash ?? 'none'}\n`,
      )
    return codes.nothing
  },
  'audit-host': async values => {
    const wait = Number(values.wait)
    if (!Number.isFinite(wait) || wait < 0 || wait > 3_600) return fail('--wait takes seconds, up to 3600')
    const endpoint = await endpointOf(values)
    if (!endpoint.ok) return refused(endpoint.fault)
    const place = await placeIn(agentFolder(values))
    if (!place.ok) return refused(place.fault)
    const host = values.host ?? null
    const found = await audit({ endpoint: endpoint.value, place: place.value, host, waitMs: wait * second })
    if (!found.ok) return refused(found.fault)
    const differences = found.value
    if (values.json) print(`${JSON.stringify(differences, null, 2)}\n`)
    else if (differences.length === 0) print('the host is as it should be\n')
    else print(table(differences.map(({ what, kind, id, detail }) => [what, kind, id, detail])))
    return differences.length === 0 ? codes.nothing : codes.something
  },
  doctor: async values => {
    const findings = await doctor({ data: resolve(values.data), agent: agentFolder(values), endpoint: await endpointOf(values) })
    if (values.json) print(`${JSON.stringify(findings, null, 2)}\n`)
    else print(table(findings.map(({ verdict, about, says }) => [verdict, about, says])))
    return findings.some(({ verdict }) => verdict === 'bad') ? codes.something : codes.nothing
  },
  'machines list': async values => {
    const endpoint = await endpointOf(values)
    if (!endpoint.ok) return refused(endpoint.fault)
    const machines = await askAll(endpoint.value, '/machines', MachinePage)
    if (!machines.ok) return refused(machines.fault)
    if (values.json) print(`${JSON.stringify(machines.value, null, 2)}\n`)
    else print(table(machines.value.map(m => [m.ec2Id, m.name, m.state, m.flavor.name, m.addresses.join(' ')])))
    return codes.nothing
  },
}

const agentFolder = ({ agent, url, data }: Values): string =>
  resolve(agent ?? (url === undefined ? join(data, 'agent') : '/var/lib/sirocco/agent'))

async function endpointOf({ url, data, token, 'token-file': file }: Values): Promise<Result<Endpoint>> {
  if (url === undefined) return endpointIn(resolve(data))
  const given = token ?? (file === undefined ? process.env.SIROCCO_TOKEN : tokenIn(file))
  return given
    ? endpointAt(url, given)
    : refuse('invalid', '--url needs --token, --token-file or SIROCCO_TOKEN in the environment')
}

function tokenIn(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return undefined
  }
}

function print(text: string): void {
  process.stdout.write(text)
}
function fail(why: string): number {
  process.stderr.write(`sirocco: ${why}\n`)
  return codes.failed
}
const refused = ({ message }: Fault): number => fail(message)
function found({ message }: Fault): number {
  print(`${message}\n`)
  return codes.something
}

/** Runs one command; answers with the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parse(args)
  const [file = ''] = positionals[0] === 'check-audit' ? positionals.splice(1, 1) : []
  const name = positionals.join(' ')
  if (values.help || name === '' || name === 'help') {
    print(usage)
    return codes.nothing
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  return command ? command(values, file) : fail(`there is no command ${name}\n\n${usage}`)
}

// Not where the bootstrap of a clone has loaded it.
if (import.meta.main)
  main(process.argv.slice(2)).then(
    code => {
      process.exitCode = code
    },
    (error: unknown) => {
      process.exitCode = fail(error instanceof Error ? error.message : String(error))
    },
  )
