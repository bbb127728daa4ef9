import type { Workflow } from './engine.ts'
import { tidy } from './image-import.ts'

/** After the verb nobody sees it. Its bytes stay for the machines on it; a reconciler drops them with the last. */
export const imageDelete: Workflow<'image'> = { kind: 'image.delete', version: 1, steps: [tidy], persists: true }
