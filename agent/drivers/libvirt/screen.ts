import { connect } from 'node:net'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { ScreenStream } from '../../ports/compute.ts'
import { escapeXml } from './xml.ts'

/** The UNIX socket that a running domain's screen listens on, from its XML; null where it has none. */
export function screenSocketOf(xml: string): string | null {
  const [graphics = ''] = /<graphics\s[^>]*type=(?:'vnc'|"vnc")[^>]*>[\s\S]*?<\/graphics>/.exec(xml) ?? []
  const [, single, double] = /<listen\s[^>]*\ssocket=(?:'([^']*)'|"([^"]*)")/.exec(graphics) ?? []
  return single ?? double ?? null
}

/** libvirt's form of a time: UTC, to the second. */
const libvirtTime = (ms: number): string => new Date(ms).toISOString().slice(0, 19)

/** The screen's device with a password that lets in until `until`. */
export const screenXml = (socket: string, password: string, until: number): string =>
  [
    `<graphics type='vnc' passwd='${escapeXml(password)}' passwdValidTo='${libvirtTime(until)}'>`,
    `<listen type='socket' socket='${escapeXml(socket)}'/></graphics>`,
  ].join('')

/** Joins the screen behind a UNIX socket. */
export function joinScreen(path: string, data: (bytes: Uint8Array) => void, closed: () => void): Promise<Result<ScreenStream>> {
  return new Promise(resolve => {
    const socket = connect(path)
    socket.once('error', error =>
      resolve(refuse('unavailable', 'the screen does not answer; try again', { detail: error.message })),
    )
    socket.once('connect', () => {
      socket.on('data', data)
      socket.once('close', closed)
      resolve(
        ok({
          write: bytes => void socket.write(bytes),
          close: () => void socket.destroy(),
          pause: () => void socket.pause(),
          resume: () => void socket.resume(),
        }),
      )
    })
  })
}
