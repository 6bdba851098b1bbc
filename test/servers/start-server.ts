// Starts one server: its temporary folder, its ports, its guardian, and the wait until it is ready.
import { existsSync } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { assembledHome } from './assemble.ts'
import { describeServer, type Flavour, type ServerDescription, type ServerName } from './catalogue.ts'
import { type CertificateFiles, certificates } from './certificates.ts'
import { type Guarded, guard } from './guarded.ts'
import { ask } from './http.ts'
import { requireJdk } from './java.ts'
import type { Place, StartOptions } from './launch.ts'
import { prepareElasticsearch } from './launch-elasticsearch.ts'
import { prepareOpenSearch } from './launch-opensearch.ts'
import { nobody, reachableHome, runsAsNobody } from './nobody.ts'
import { freePort } from './ports.ts'
import { lastLines } from './run.ts'

/** All a client has to know, and what can be handed to another process. */
export interface Connection extends Partial<CertificateFiles> {
  name: string
  url: string
  flavour: Flavour
  version: string
  httpPort: number
  transportPort: number
  pid: number
  folder: string
  repositoryFolder: string
  username?: string
  password?: string
}

export interface StartedServer {
  connection: Connection
  guarded: Guarded
  readyMs: number
  /** Kills it and starts it again on the same data and ports; resolves with its new process id when it is ready. */
  restart: () => Promise<number>
  /** How it ended, and the end of its log. */
  obituary: () => Promise<string>
}

const readyWithin = 300_000
const attempts = 3

export async function launch(name: ServerName, options: StartOptions = {}): Promise<StartedServer> {
  const server = describeServer(name)
  requireJdk(server.java, name)
  const home = await assembledHome(name)
  for (let attempt = 1; ; attempt++) {
    try {
      return await launchOnce(name, home, options)
    } catch (error) {
      // Between the choice of a port and its use by the server somebody else may take it.
      const portTaken = error instanceof Error && /Address already in use|BindException/i.test(error.message)
      if (!portTaken || attempt === attempts) throw error
    }
  }
}

async function launchOnce(name: ServerName, home: string, options: StartOptions): Promise<StartedServer> {
  const server = describeServer(name)
  const place = await makePlace(name, server, home)
  for (const folder of options.repositories ?? []) await openToAll(folder)
  const prepare = server.flavour === 'elasticsearch' ? prepareElasticsearch : prepareOpenSearch
  const started = Date.now()
  let guarded: Guarded | undefined
  try {
    const command = await prepare(server, place, options)
    const log = join(place.folder, 'server.log')
    const asNobody = runsAsNobody(server)
    if (asNobody) await nobody.own(place.folder)
    guarded = await guard({ ...command, log, folder: place.folder, ...(asNobody ? { uid: nobody.uid } : {}) })
    const connection = await connect(name, server, place, guarded.pid)
    await untilReady(connection, guarded, log)
    const its: Guarded = guarded
    return {
      connection,
      guarded,
      readyMs: Date.now() - started,
      restart: () => restart(connection, its, log),
      obituary: () => obituary(`${name} ended with ${its.exited}`, log),
    }
  } catch (error) {
    await guarded?.stop()
    await rm(place.folder, { recursive: true, force: true })
    throw error
  }
}

async function restart(connection: Connection, guarded: Guarded, log: string): Promise<number> {
  await guarded.restart()
  await untilReady(connection, guarded, log)
  return guarded.pid
}

async function makePlace(name: ServerName, server: ServerDescription, home: string): Promise<Place> {
  const jdk = requireJdk(server.java, name)
  const folder = await mkdtemp(join(tmpdir(), `indexferry-${name}-`))
  const place: Place = {
    home: runsAsNobody(server) ? await reachableHome(home, folder, jdk) : home,
    jdk,
    folder,
    config: join(folder, 'config'),
    data: join(folder, 'data'),
    logs: join(folder, 'logs'),
    temporary: join(folder, 'tmp'),
    repository: join(folder, 'repository'),
    httpPort: await freePort(),
    transportPort: await freePort(),
  }
  for (const each of [place.data, place.logs, place.temporary]) await mkdir(each)
  await openToAll(place.repository)
  await cp(join(home, 'config'), place.config, { recursive: true })
  return place
}

/** Servers of different users may share a repository. */
async function openToAll(folder: string): Promise<void> {
  if (existsSync(folder)) return
  await mkdir(folder, { recursive: true })
  await chmod(folder, 0o777)
}

async function connect(name: string, server: ServerDescription, place: Place, pid: number): Promise<Connection> {
  const secure = server.secure ? { username: 'admin', password: 'admin', ...(await certificates()) } : {}
  return {
    name,
    url: `${server.secure ? 'https' : 'http'}://127.0.0.1:${place.httpPort}`,
    flavour: server.flavour,
    version: server.version,
    httpPort: place.httpPort,
    transportPort: place.transportPort,
    pid,
    folder: place.folder,
    repositoryFolder: place.repository,
    ...secure,
  }
}

async function untilReady(connection: Connection, guarded: Guarded, log: string): Promise<void> {
  const ca = connection.caFile ? await readFile(connection.caFile) : undefined
  const deadline = Date.now() + readyWithin
  while (Date.now() < deadline) {
    if (guarded.exited) throw new Error(await obituary(`${connection.name} ended with ${guarded.exited}`, log))
    const who = await whoIsReady(connection, ca)
    if (who === 'it') return
    if (who === 'another') throw new Error(`Address already in use: another server answers at ${connection.url}`)
    await sleep(100)
  }
  throw new Error(await obituary(`${connection.name} is not ready after ${readyWithin / 1000} s`, log))
}

/** Another one, when its port was taken before it came to use it. */
async function whoIsReady(connection: Connection, ca: Buffer | undefined): Promise<'it' | 'another' | 'nobody'> {
  const { url, username, password, folder } = connection
  const call = (path: string, timeout: number) => ask(url + path, { username, password, ca, timeout })
  try {
    const health = await call('/_cluster/health?wait_for_status=yellow&timeout=1s', 3000)
    if (health.status !== 200 || JSON.parse(health.body).timed_out !== false) return 'nobody'
    const settings = await call('/_nodes/_local/settings', 30_000)
    if (settings.status !== 200) return 'nobody'
    // Among them are the paths of its logs and its data.
    return settings.body.includes(basename(folder)) ? 'it' : 'another'
  } catch {
    return 'nobody' // It is not listening yet.
  }
}

async function obituary(what: string, log: string): Promise<string> {
  const text = existsSync(log) ? await readFile(log, 'utf8') : ''
  return `${what}; the end of its log:\n${lastLines(text, 40)}`
}
