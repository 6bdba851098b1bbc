// What the numbers were measured on.
import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import type { BenchServer, BenchServers } from './servers.ts'

export interface Machine {
  readonly lines: readonly string[]
}

export async function describeMachine(servers: BenchServers): Promise<Machine> {
  const gigabytes = (totalmem() / 2 ** 30).toFixed(0)
  return {
    lines: [
      `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? process.arch}), ${gigabytes} GB of memory, shared by both servers and the tool`,
      `source ${await describeServer(servers.source)}`,
      `target ${await describeServer(servers.target)}`,
      `Node ${process.version.slice(1)}, ${pythonVersion() ?? 'no Python'}`,
      `load before the first run: ${loadavg()[0]?.toFixed(1)} (both servers had just been started)`,
    ],
  }
}

interface NodesAnswer {
  readonly nodes: Record<string, { readonly jvm: { readonly version: string; readonly vm_name: string } }>
}

async function describeServer({ name, http }: BenchServer): Promise<string> {
  const { nodes } = await http.json<NodesAnswer>({ path: '/_nodes/jvm' })
  return `${name} on Java ${Object.values(nodes)[0]?.jvm.version}, heap 1 GB, G1`
}

function pythonVersion(): string | undefined {
  try {
    return execFileSync('python3', ['--version'], { encoding: 'utf8' }).trim()
  } catch {
    return undefined
  }
}
