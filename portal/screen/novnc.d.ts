/** Of noVNC (its docs/API.md), as much as is used here. */
declare module '@novnc/novnc' {
  /** What stands for a WebSocket: noVNC sets the handlers. */
  export interface RawChannel {
    binaryType: string
    protocol: string
    readyState: number
    onopen: (() => void) | null
    onmessage: ((event: { data: ArrayBuffer }) => void) | null
    onclose: ((event: { code: number; reason: string }) => void) | null
    onerror: ((event: Event) => void) | null
    send(data: Uint8Array<ArrayBuffer>): void
    close(): void
  }
  export default class RFB extends EventTarget {
    constructor(target: HTMLElement, channel: RawChannel, options?: { shared?: boolean; credentials?: { password: string } })
    scaleViewport: boolean
    background: string
    focus(): void
    sendCtrlAltDel(): void
    disconnect(): void
  }
}
