import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createClient } from '@libsql/client/web'
import { fetchOf, hranaUrl } from '@sirocco/local/hrana/fetch.ts'
import { createHrana } from '@sirocco/local/hrana/hrana.ts'
import { Instance } from '../support/instance.ts'
import { all, anyImage, type Ec2, ec2Client } from './ec2.ts'
import { type Figure, figure } from './figure.ts'

const hosts = 200
const runs = 3
const machines = 1_000
/** Of one RunInstances, and requests on their way at a time. */
const burst = 50
const clients = 4
/** People who launch one machine each, at the same moment. */
const crowd = 500
const commits = 1_000
const limitMs = 300_000

/** Looks into the instance's file beside its server, so that waiting costs the control plane nothing. */
function fileOf(instance: Instance) {
  const hrana = createHrana(join(instance.data, 'control.db'), { readOnly: true })
  const client = createClient({ url: hranaUrl, fetch: fetchOf(hrana) })
  const count = async (which: string) =>
    Number((await client.execute(`SELECT count(*) FROM machine WHERE ${which}`)).rows[0]?.[0])
  return {
    /** Resolves when no machine is so. */
    async none(which: string): Promise<void> {
      for (const end = performance.now() + limitMs; (await count(which)) > 0; await pause(20))
        if (performance.now() > end) throw new Error(`after ${limitMs / 1_000} s there still are machines that ${which}`)
    },
    count,
    close: () => hrana.close(),
  }
}
type File = ReturnType<typeof fileOf>

async function inTurn<T>(works: readonly T[], run: (work: T) => Promise<void>): Promise<void> {
  const next = works[Symbol.iterator]()
  await Promise.all(
    Array.from({ length: clients }, async () => {
      for (const work of next) await run(work)
    }),
  )
}

const wanted = "power = 'on' AND goneAt IS NULL"

/** Machines a second, from the first request to the last machine that is known to run; and the same until all are gone. */
async function fill(ec2: Ec2, image: string, file: File): Promise<{ launched: number; terminated: number }> {
  const ids: string[] = []
  const begun = performance.now()
  await inTurn(
    Array.from({ length: machines / burst }, () => burst),
    async count => {
      const answer = await ec2('RunInstances', {
        ImageId: image,
        InstanceType: 't3.pico',
        MinCount: String(count),
        MaxCount: String(count),
      })
      ids.push(...all(answer, 'instanceId'))
    },
  )
  await file.none(`${wanted} AND ranAt IS NULL`)
  const launched = (1_000 * machines) / (performance.now() - begun)
  const terminated = await clear(ec2, ids, file)
  return { launched, terminated }
}

async function clear(ec2: Ec2, ids: readonly string[], file: File): Promise<number> {
  const begun = performance.now()
  const parts = Array.from({ length: Math.ceil(ids.length / burst) }, (_, i) => ids.slice(i * burst, (i + 1) * burst))
  await inTurn(parts, async part => {
    await ec2('TerminateInstances', Object.fromEntries(part.map((id, i) => [`InstanceId.${i + 1}`, id])))
  })
  await file.none('goneAt IS NULL')
  return (1_000 * ids.length) / (performance.now() - begun)
}

/** Machines a second where each is a request of its own and all come at once; a single refusal fails the bench. */
async function rush(ec2: Ec2, image: string, file: File): Promise<number> {
  const begun = performance.now()
  const answers = await Promise.all(
    Array.from({ length: crowd }, () =>
      ec2('RunInstances', { ImageId: image, InstanceType: 't3.pico', MinCount: '1', MaxCount: '1' }),
    ),
  )
  await file.none(`${wanted} AND ranAt IS NULL`)
  const rate = (1_000 * crowd) / (performance.now() - begun)
  await clear(
    ec2,
    answers.flatMap(answer => all(answer, 'instanceId')),
    file,
  )
  return rate
}

/** Commits of one row a second, one after the other, to such a file on the same disk by the same server: what a row a launch would cost at least. */
async function singleRows(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'sirocco-bench-'))
  const hrana = createHrana(join(folder, 'rows.db'))
  try {
    const client = createClient({ url: hranaUrl, fetch: fetchOf(hrana) })
    await client.execute('CREATE TABLE line (id INTEGER PRIMARY KEY, text TEXT NOT NULL)')
    const begun = performance.now()
    for (let i = 0; i < commits; i++) await client.execute({ sql: 'INSERT INTO line (text) VALUES (?)', args: [`line ${i}`] })
    return (1_000 * commits) / (performance.now() - begun)
  } finally {
    await hrana.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * Launches accepted → running a second over simulated hosts, in requests of many (aim: 200/s) and as a crowd of single ones, and
 * deletions accepted → gone; beside single-row commits of one client to such a file.
 */

import { readFileSync } from 'node:fs'
const cpuOf=(pids:number[])=>pids.reduce((s,p)=>{const st=readFileSync(`/proc/${p}/stat`,'utf8');const f=st.slice(st.lastIndexOf(')')+2).split(' ');return s+(Number(f[11])+Number(f[12]))/100},0)
  const instance = await Instance.start({ simulated: hosts })
  const file = fileOf(instance)
  const cpu=()=>({workerd:cpuOf(instance.pids('workerd')),main:cpuOf(instance.pids('main')),agent:cpuOf(instance.pids('agent'))})
  const diff=(a:any,b:any,n:number)=>Object.fromEntries(Object.keys(a).map(k=>[k,((b[k]-a[k])/n*1000).toFixed(2)+' ms/machine']))
  try {
    const ec2 = ec2Client(instance.ready.ec2)
    const image = await anyImage(ec2)
    for (let i=0;i<2;i++){ if(i===1&&process.env.INSPECT){ const {spawn}=await import('node:child_process'); spawn('node',['/tmp/wt/cdp.mjs','16000','0','/tmp/wt/prof/fill.cpuprofile'],{stdio:'inherit'}); setTimeout(()=>{},1) ; await pause(500)}
    const c0=cpu(); const r=await fill(ec2,image,file); const c1=cpu(); console.log('fill',r,diff(c0,c1,machines))
    if(i===1&&process.env.INSPECT){ const {spawn}=await import('node:child_process'); await pause(4000); spawn('node',['/tmp/wt/cdp.mjs','15000','0','/tmp/wt/prof/rush.cpuprofile'],{stdio:'inherit'}); await pause(500)}
 const x=await rush(ec2,image,file); const c2=cpu(); console.log('rush',x,diff(c1,c2,crowd))
    }
  } finally { await file.close(); await instance.dispose() }
