/** What an image's bytes may be before they are converted. */
export const imageFormats = ['qcow2', 'raw', 'vmdk', 'vhd', 'vhdx', 'vdi', 'iso'] as const
export type ImageFormat = (typeof imageFormats)[number]
