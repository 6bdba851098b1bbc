// The front door: tests, the demo and the benchmarks get their servers here, and nowhere else.
import { describeServer, type ServerName } from './catalogue.ts'
import { missingJdk } from './java.ts'
import type { StartOptions } from './launch.ts'
import { externalServer, ownersServer } from './shared.ts'
import { type Connection, launch } from './start-server.ts'

export interface RunningServer extends Connection {
  /** Stops a server that was started for the caller alone; does nothing to a shared one. */
  stop(): Promise<void>
}

const inThisProcess = new Map<ServerName, Promise<RunningServer>>()

/**
 * A server shared with all other tests: use index names of your own. It is the one named by INDEXFERRY_TEST_<NAME>, else the one
 * that the owner of this test run has started, else one that lives as long as this process.
 */
export function useServer(name: ServerName): Promise<RunningServer> {
  let server = inThisProcess.get(name)
  if (!server) {
    server = findServer(name)
    inThisProcess.set(name, server)
  }
  return server
}

async function findServer(name: ServerName): Promise<RunningServer> {
  const connection = (await externalServer(name)) ?? (await ownersServer(name)) ?? (await launch(name)).connection
  return { ...connection, stop: async () => {} }
}

export interface OwnServer extends RunningServer, AsyncDisposable {
  /** Kills it (SIGKILL) and starts it again on the same data and ports; resolves with its new process id when it is ready. */
  restart(): Promise<number>
}

/** A server for the caller alone, which ends with the caller at the latest. */
export async function startServer(name: ServerName, options: StartOptions = {}): Promise<OwnServer> {
  const { connection, guarded, restart } = await launch(name, options)
  const stop = () => guarded.stop()
  return { ...connection, stop, restart, [Symbol.asyncDispose]: stop }
}

/** Why this machine cannot start the server, such as "needs a JDK 21 or newer": the reason for skipping a test. */
export function missingJava(name: ServerName): string | undefined {
  return missingJdk(describeServer(name).java)
}
