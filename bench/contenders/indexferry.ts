import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeProgram, runProgram, type Usage } from '../run-program.ts'
import type { Contender, RunContext } from './contender.ts'

const program = fileURLToPath(new URL('../../bin/indexferry.js', import.meta.url))

function runIndexferry(command: string, { source, target, set, folder, signal }: RunContext): Promise<Usage> {
  const args = [command, `${source.url}/${set.name}`, target.url, '--json', '--state', join(folder, 'state')]
  return runProgram({ ...nodeProgram(program, ...args), folder, signal })
}

/** The built program with no option that concerns speed. */
export const indexferry: Contender = {
  name: 'indexferry',
  title: 'indexferry',
  does: 'copy',
  createsIndex: true,
  prepare: async () => (existsSync(program) ? undefined : 'there is no bin/indexferry.js'),
  run: (context) => runIndexferry('copy', context),
  verify: (context) => runIndexferry('verify', context),
}
