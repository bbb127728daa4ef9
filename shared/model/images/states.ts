/** pending: waiting for its upload. deleting: nobody sees it any more; its bytes stay until the last machine on it is gone. */
export const imageStates = ['pending', 'importing', 'ready', 'failed', 'deleting'] as const
export type ImageState = (typeof imageStates)[number]

/** Who may launch from it beside its owner: nobody, the projects it is shared with, everybody. */
export const visibilities = ['private', 'project', 'public'] as const
export type Visibility = (typeof visibilities)[number]
