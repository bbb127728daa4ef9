/** Built-in flavors: names that EC2 clients hard-code, with their published shapes (memory and disk in MiB). */
export interface FlavorShape {
  readonly name: string
  readonly vcpus: number
  readonly memoryMiB: number
  readonly diskMiB: number
}

const GiB = 1024
export const flavors: readonly FlavorShape[] = [
  { name: 't3.pico', vcpus: 1, memoryMiB: 128, diskMiB: 1 * GiB },
  { name: 't3.nano', vcpus: 2, memoryMiB: 512, diskMiB: 8 * GiB },
  { name: 't3.micro', vcpus: 2, memoryMiB: 1 * GiB, diskMiB: 8 * GiB },
  { name: 't3.small', vcpus: 2, memoryMiB: 2 * GiB, diskMiB: 8 * GiB },
  { name: 't3.medium', vcpus: 2, memoryMiB: 4 * GiB, diskMiB: 8 * GiB },
  { name: 't3.large', vcpus: 2, memoryMiB: 8 * GiB, diskMiB: 8 * GiB },
  { name: 't3.xlarge', vcpus: 4, memoryMiB: 16 * GiB, diskMiB: 8 * GiB },
  { name: 'm5.large', vcpus: 2, memoryMiB: 8 * GiB, diskMiB: 8 * GiB },
  { name: 'm5.xlarge', vcpus: 4, memoryMiB: 16 * GiB, diskMiB: 8 * GiB },
]
