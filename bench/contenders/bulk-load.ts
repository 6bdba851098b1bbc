import { fileURLToPath } from 'node:url'
import { runProgram } from '../run-program.ts'
import type { Contender } from './contender.ts'

const script = fileURLToPath(new URL('../ceilings/load.ts', import.meta.url))

const withConnections = (connections: number): Contender => ({
  name: `bulk-${connections}`,
  title: `bulk loading alone, ${connections === 1 ? '1 connection' : `${connections} connections`}`,
  does: 'write',
  sets: ['small', 'middle', 'large'],
  run: ({ target, set, folder, signal }) =>
    runProgram({
      command: process.execPath,
      args: [script, target.url, set.name, String(set.count), String(connections)],
      folder,
      signal,
    }),
})

export const bulkLoads: readonly Contender[] = [withConnections(1), withConnections(4)]
