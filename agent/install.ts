import { existsSync, writeFileSync } from 'node:fs'
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
After=network-online.target libvirtd.service
Wants=network-online.target

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
ProtectClock=yes
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

/** Writes the unit and sets it going; what was done, a line each. */
export async function install(unit: Unit): Promise<Result<string[]>> {
  if (process.getuid?.() !== 0) return refuse('forbidden', 'installing a systemd unit takes root; `--print` shows the unit')
  if (!existsSync('/run/systemd/system'))
    return refuse('unsupported', 'this machine does not run systemd; `--print` shows the unit')
  writeFileSync(unit.path, unit.text, { mode: 0o644 })
  const done = [`wrote ${unit.path}`]
  for (const args of [['daemon-reload'], ['enable', '--now', unit.name]]) {
    const ended = await run('systemctl', args)
    if (ended.code !== 0) return refuse('internal', `systemctl ${args.join(' ')} failed`, { detail: ended.stderr })
    done.push(`systemctl ${args.join(' ')}`)
  }
  return ok(done)
}
