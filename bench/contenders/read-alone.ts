import { fileURLToPath } from 'node:url'
import { runProgram } from '../run-program.ts'
import type { Contender } from './contender.ts'

const script = fileURLToPath(new URL('../ceilings/read.ts', import.meta.url))

export const readAlone: Contender = {
  name: 'read',
  title: 'reading alone',
  does: 'read',
  sets: ['small', 'middle', 'large'],
  run: ({ source, set, folder, signal }) =>
    runProgram({
      command: process.execPath,
      args: [script, source.url, set.name, String(set.count)],
      folder,
      signal,
    }),
}
