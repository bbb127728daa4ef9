import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { AgentConfig } from './config.ts'
import { run } from './programs/run.ts'

export interface Unit {
  readonly name: string
  readonly path: string
  readonly text: string
}

/** A word of a command line in a unit file: quoted, specifiers and variables taken literally. */
function word(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%').replaceAll('$', '$$$$')
  return `"${escaped}"`
}

/** The systemd unit that keeps an agent running. Pure. */
export function unitOf(config: AgentConfig, { node, script, data }: { node: string; script: string; data: string }): Unit {
  const name = `sirocco-agent-${config.tag}.service`
  const text = `[Unit]
Description=Sirocco agent (${config.instance})
After=network-online.target libvirtd.socket libvirtd.service
Wants=network-online.target
# However often it ends: a host never gives up its agent.
StartLimitIntervalSec=0

[Service]
ExecStart=${[node, script, 'run', '--data', data].map(word).join(' ')}
Restart=always
RestartSec=1
# dnsmasq outlives the agent, as machines do.
KillMode=process
TimeoutStopSec=20
LimitNOFILE=1048576
UMask=0077
RuntimeDirectory=sirocco
RuntimeDirectoryMode=0711
RuntimeDirectoryPreserve=yes
NoNewPrivileges=yes
ProtectSystem=full
ProtectKernelModules=yes
ProtectKernelLogs=yes
# Not by ProtectClock, which closes all devices but the clock's: /dev/kvm tells hardware from emulation.
CapabilityBoundingSet=~CAP_SYS_TIME CAP_SYS_MODULE CAP_SYSLOG CAP_SYS_BOOT CAP_WAKE_ALARM
ProtectHostname=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK AF_PACKET
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
`
  return { name, path: `/etc/systemd/system/${name}`, text }
}

const hasSystemd = () => existsSync('/run/systemd/system')

/** What systemctl was told, a line each; the first that it refuses ends it. */
async function tell(...all: readonly (readonly string[])[]): Promise<Result<string[]>> {
  const done: string[] = []
  for (const args of all) {
    const ended = await run('systemctl', args)
    if (ended.code !== 0) return refuse('internal', `systemctl ${args.join(' ')} failed`, { detail: ended.stderr })
    done.push(`systemctl ${args.join(' ')}`)
  }
  return ok(done)
}

/** Writes the unit and sets it going, anew where it went already; what was done, a line each. */
export async function install(unit: Unit): Promise<Result<string[]>> {
  if (process.getuid?.() !== 0) return refuse('forbidden', 'installing a systemd unit takes root; `--print` shows the unit')
  if (!hasSystemd()) return refuse('unsupported', 'this machine does not run systemd; `--print` shows the unit')
  writeFileSync(unit.path, unit.text, { mode: 0o644 })
  const told = await tell(['daemon-reload'], ['enable', unit.name], ['restart', unit.name])
  return told.ok ? ok([`wrote ${unit.path}`, ...told.value]) : told
}

/** Stops the unit and removes it, where there is one; what was done, a line each. */
export async function uninstall(unit: Unit): Promise<Result<string[]>> {
  if (!existsSync(unit.path)) return ok([])
  if (process.getuid?.() !== 0) return refuse('forbidden', 'removing a systemd unit takes root')
  const stopped = hasSystemd() ? await tell(['disable', '--now', unit.name]) : ok([])
  if (!stopped.ok) return stopped
  rmSync(unit.path)
  const reloaded = hasSystemd() ? await tell(['daemon-reload']) : ok([])
  return reloaded.ok ? ok([...stopped.value, `removed ${unit.path}`, ...reloaded.value]) : reloaded
}
