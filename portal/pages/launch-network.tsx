import { useQuery } from '@tanstack/react-query'
import { queries } from '../api/queries.ts'
import { useSpeech } from '../locales/language.tsx'
import { Choice } from '../ui/choice.tsx'

/** Which subnet a new machine is in; nothing where there are only default ones. */
export function SubnetChoice({ value, onChange }: { value: string; onChange: (subnet: string) => void }) {
  const { t } = useSpeech()
  const { data } = useQuery(queries.networks)
  const own = (data?.items ?? []).filter(({ isDefault, subnets }) => !isDefault && subnets.length > 0)
  if (own.length === 0) return null
  return (
    <Choice
      name="subnet"
      label={t.networks.atLaunch}
      hint={value === '' ? t.networks.atLaunchHint : t.networks.apartHint}
      options={[
        { key: '', label: t.networks.standard },
        ...own.flatMap(network =>
          network.subnets.map(({ ec2Id, cidr, zone }) => ({ key: ec2Id, label: network.name, detail: `${cidr} · ${zone}` })),
        ),
      ]}
      value={value}
      onChange={onChange}
    />
  )
}
