// Real object stores for tests: S3Proxy (Java, from Maven), versitygw and gofakes3 (Go, built from their modules). Each is fetched
// once into the cache folder of the user, listens on loopback, and ends with its owner at the latest, by its guardian.
//
// S3Proxy and versitygw keep objects as files and have the limits of file names; gofakes3 keeps any name, as S3 does, but checks no
// signatures.
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildOnce, cacheFolder } from '../servers/cache.ts'
import { guard } from '../servers/guarded.ts'
import { findJdk, missingJdk, requireJdk, tool } from '../servers/java.ts'
import { resolveArtifacts } from '../servers/maven.ts'
import { freePort, isListening } from '../servers/ports.ts'
import { fetchWith, lastLines } from '../servers/run.ts'

export type StoreName = 's3proxy' | 'versitygw' | 'gofakes3'

const artifact = 'org.gaul:s3proxy:4.1.0:jar:jar-with-dependencies'
const goModules = {
  versitygw: { module: 'github.com/versity/versitygw/cmd/versitygw', version: '1.8.0' },
  gofakes3: { module: 'github.com/johannesboyne/gofakes3/cmd/gofakes3', version: '1.2.0' },
}
const java = { oldest: 17 }
export const accessKeyId = 'testkey'
export const secretAccessKey = 'testsecret'

export interface StartedStore extends AsyncDisposable {
  readonly name: StoreName
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  readonly host: string
  readonly region: string
  /** Credentials as the vendor's own tools take them. */
  readonly env: Readonly<Record<string, string>>
  /** Where versitygw keeps its buckets as folders. */
  readonly folder: string
}

export interface StoreOptions {
  readonly region?: string
  /** versitygw: buckets are in the host name, below this domain, in which PORT stands for the port. */
  readonly virtualDomain?: string
}

/** Why this machine cannot start the store; undefined when it can. */
export function missingFor(name: StoreName): string | undefined {
  if (name === 's3proxy') return missingJdk(java)
  return isOnPath('go') || existsSync(goProgram(name)) ? undefined : `needs Go, which builds ${name} once`
}

const isOnPath = (program: string): boolean =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)))

const home = (name: StoreName, version: string): string => join(cacheFolder(), 'objectstores', `${name}-${version}`)
const goProgram = (name: keyof typeof goModules): string => join(home(name, goModules[name].version), name)

const attempts = 3

export async function startObjectStore(name: StoreName, options: StoreOptions = {}): Promise<StartedStore> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(name, options)
    } catch (error) {
      // Between the choice of a port and its use by the store somebody else may take it.
      const portTaken = error instanceof Error && /address already in use/i.test(error.message)
      if (!portTaken || attempt === attempts) throw error
    }
  }
}

async function startOnce(name: StoreName, options: StoreOptions): Promise<StartedStore> {
  const folder = await mkdtemp(join(tmpdir(), `indexferry-${name}-`))
  const data = join(folder, 'data')
  await mkdir(data)
  const port = await freePort()
  const region = options.region ?? 'us-east-1'
  const log = join(folder, 'store.log')
  try {
    const command = await commandOf(name, { folder, data, port, region, ...options })
    const guarded = await guard({ ...command, log, folder })
    try {
      await untilListening(port, () => guarded.exited)
    } catch (error) {
      const text = existsSync(log) ? await readFile(log, 'utf8') : ''
      await guarded.stop()
      throw new Error(`${name} does not listen; the end of its log:\n${lastLines(text, 30)}`, { cause: error })
    }
    return {
      name,
      url: `http://127.0.0.1:${port}`,
      host: `127.0.0.1:${port}`,
      region,
      env: { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_REGION: region },
      folder: data,
      [Symbol.asyncDispose]: () => guarded.stop(),
    }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

interface StoreCommand {
  command: string
  args: string[]
  env: Record<string, string>
}

interface Place extends StoreOptions {
  readonly folder: string
  readonly data: string
  readonly port: number
  readonly region: string
}

async function commandOf(name: StoreName, place: Place): Promise<StoreCommand> {
  if (name === 's3proxy') return s3proxy(place)
  const command = await goBuilt(name)
  const env = { PATH: process.env.PATH ?? '', ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey }
  const address = `127.0.0.1:${place.port}`
  if (name === 'gofakes3') return { command, args: ['-backend', 'memory', '-host', address, '-quiet'], env }
  const virtual =
    place.virtualDomain === undefined
      ? []
      : ['--virtual-domain', place.virtualDomain.replace('PORT', String(place.port))]
  return {
    command,
    args: ['--port', address, '--region', place.region, '--quiet', '--keep-alive', ...virtual, 'posix', place.data],
    env,
  }
}

async function goBuilt(name: keyof typeof goModules): Promise<string> {
  const { module, version } = goModules[name]
  const wanted = `${module}@v${version}`
  await buildOnce(home(name, version), wanted, (temporary) =>
    fetchWith('go', ['install', wanted], { env: { ...process.env, GOBIN: temporary, CGO_ENABLED: '0' } }),
  )
  return goProgram(name)
}

async function s3proxy({ folder, data, port }: Place): Promise<StoreCommand> {
  const place = home('s3proxy', '4.1.0')
  await buildOnce(place, artifact, async (temporary) => {
    const work = join(temporary, 'work')
    const resolved = await resolveArtifacts({ s3proxy: [{ alone: artifact }] }, work, requireJdk(java, 's3proxy'))
    await rename(resolved.s3proxy?.[0] as string, join(temporary, 's3proxy.jar'))
    await rm(work, { recursive: true })
  })
  const settings = {
    's3proxy.endpoint': `http://127.0.0.1:${port}`,
    's3proxy.authorization': 'aws-v2-or-v4',
    's3proxy.identity': accessKeyId,
    's3proxy.credential': secretAccessKey,
    'jclouds.provider': 'filesystem-nio2',
    'jclouds.filesystem.basedir': data,
    'jclouds.identity': 'none',
    'jclouds.credential': 'none',
  }
  const file = join(folder, 's3proxy.conf')
  await writeFile(
    file,
    Object.entries(settings)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  )
  const jdk = requireJdk(java, 's3proxy')
  const args = [
    '-Xmx256m',
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-XX:-UsePerfData',
    '-Dfile.encoding=UTF-8',
    '-Dsun.jnu.encoding=UTF-8',
    '-jar',
    join(place, 's3proxy.jar'),
    '--properties',
    file,
  ]
  return {
    command: tool(findJdk(java) ?? jdk, 'java'),
    args,
    env: { PATH: process.env.PATH ?? '', LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8' },
  }
}

async function untilListening(port: number, ended: () => string | undefined): Promise<void> {
  const deadline = Date.now() + 60_000
  while (Date.now() < deadline) {
    const how = ended()
    if (how) throw new Error(how)
    if (await isListening(port)) return
    await sleep(50)
  }
  throw new Error('too late')
}
