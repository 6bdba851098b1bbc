// Starts one server: its temporary folder, its ports, its guardian, and the wait until it is ready.
import { existsSync } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
}

const readyWithin = 180_000
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
    return {
      connection,
      guarded,
      readyMs: Date.now() - started,
      restart: () => restart(connection, guarded as Guarded, log),
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
  const { url, username, password, caFile } = connection
  const ca = caFile ? await readFile(caFile) : undefined
  const health = `${url}/_cluster/health?wait_for_status=yellow&timeout=1s`
  const deadline = Date.now() + readyWithin
  while (Date.now() < deadline) {
    if (guarded.exited) throw new Error(await obituary(`${connection.name} ended with ${guarded.exited}`, log))
    try {
      const { status, body } = await ask(health, { username, password, ca, timeout: 3000 })
      if (status === 200 && JSON.parse(body).timed_out === false) return
    } catch {
      // Not listening yet.
    }
    await sleep(100)
  }
  throw new Error(await obituary(`${connection.name} is not ready after ${readyWithin / 1000} s`, log))
}

async function obituary(what: string, log: string): Promise<string> {
  const text = existsSync(log) ? await readFile(log, 'utf8') : ''
  return `${what}; the end of its log:\n${lastLines(text, 40)}`
}

/** Below the range from which the system takes the ports of outgoing connections, for the server binds a moment later. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 15_000 + Math.floor(Math.random() * 17_000)
    if (await canBind(port)) return port
  }
}

function canBind(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.on('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}
