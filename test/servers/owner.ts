// The owner of the servers of one test run. node:test runs each file in a process of its own; this one, in the process of the
// runner, starts a server when the first of them asks for it, and stops all in the end.
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isServerName, type ServerName } from './catalogue.ts'
import { launch, type StartedServer } from './start-server.ts'

/** A start keeps a core busy for seconds: more at once are not sooner ready, and may be too late. */
const startsAtOnce = 2

export interface Owner extends AsyncDisposable {
  /** For the environment of the test processes: INDEXFERRY_TEST_SERVERS. */
  url: string
}

export async function startOwner(): Promise<Owner> {
  const token = randomUUID()
  const servers = new Map<ServerName, Promise<StartedServer>>()
  const turn = queue(startsAtOnce)
  let ending = false

  const start = (name: ServerName) =>
    turn(() => {
      if (ending) throw new Error('the test run is ending')
      return launch(name)
    })
  /** A start that failed may have had too little time or memory; its reason is in the output of the run. */
  const startTwice = (name: ServerName) =>
    start(name).catch((error: unknown) => {
      if (ending) throw error
      console.error(`${name} is started once more: ${error instanceof Error ? error.message : error}`)
      return start(name)
    })
  /** The tests that used one that died have failed; those that come need not. */
  const inPlaceOf = async (dead: StartedServer, name: ServerName) => {
    console.error(await dead.obituary())
    await dead.guarded.stop()
    return startTwice(name)
  }
  const serverFor = async (name: ServerName): Promise<StartedServer> => {
    const known = servers.get(name)
    const given = await known
    if (given && !given.guarded.exited) return given
    // Somebody else may have asked meanwhile.
    if (known !== servers.get(name)) return serverFor(name)
    const server = given ? inPlaceOf(given, name) : startTwice(name)
    servers.set(name, server)
    return server
  }
  // A first start may have to fetch the server: no time limits.
  const http = createServer({ requestTimeout: 0, headersTimeout: 0 }, async (request, response) => {
    const [, given, , name] = (request.url ?? '').split('/')
    if (given !== token || !name || !isServerName(name)) {
      response.writeHead(404).end(`no server "${name}"`)
      return
    }
    try {
      const { connection } = await serverFor(name)
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(connection))
    } catch (error) {
      response.writeHead(500).end(error instanceof Error ? error.message : String(error))
    }
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/${token}`,
    async [Symbol.asyncDispose]() {
      ending = true
      http.close()
      const started = await Promise.allSettled(servers.values())
      await Promise.all(started.map((each) => (each.status === 'fulfilled' ? each.value.guarded.stop() : undefined)))
    },
  }
}

/** Calls what it is given, but no more than `limit` at the same time. */
function queue(limit: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let busy = 0
  return async (work) => {
    if (busy >= limit) await new Promise<void>((resolve) => waiting.push(resolve))
    else busy++
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else busy--
    }
  }
}
