// Control sequences of ECMA-48 as consoles print them: CSI …, OSC … (ended by BEL or ST), and the two-character ones.
const csi = '\\u001b\\[[0-9;?]*[ -/]*[@-~]'
const osc = '\\u001b\\][^\\u0007\\u001b]*(?:\\u0007|\\u001b\\\\)'
const short = '\\u001b[()][0-9A-Za-z]|\\u001b[@-Z\\\\^_=>78]'
const sequences = new RegExp(`${csi}|${osc}|${short}`, 'g')

/** What a console printed, without the sequences by which it colours and moves. */
export const plainText = (text: string): string => text.replace(sequences, '').replaceAll('\r\n', '\n').replaceAll('\r', '')
