// Whether the file of documents on either side can be read or written.
import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Finding, finding } from './assessment.ts'

/** `-` is standard input or output, which nobody can look at in advance. */
export async function checkSourceFile(file: string): Promise<{ bytes: number | null; findings: Finding[] }> {
  if (file === '-') return { bytes: null, findings: [] }
  try {
    await access(file, constants.R_OK)
    const { size } = await stat(file)
    return { bytes: size, findings: [finding('reading', 'ok', `the file ${file} can be read`)] }
  } catch (error) {
    const message = `the file ${file} cannot be read: ${(error as Error).message}`
    return { bytes: null, findings: [finding('reading', 'error', message, 'Check the path and the permissions.')] }
  }
}

export async function checkTargetFile(file: string): Promise<Finding[]> {
  if (file === '-') return []
  if (await canAccess(file, constants.F_OK)) {
    const remedy =
      'Replace it with --overwrite, or name another file. If a copy into it began before, the same command goes on.'
    return [finding('target', 'warning', `the file ${file} is there already`, remedy)]
  }
  const folder = dirname(file)
  if (await canAccess(folder, constants.W_OK)) return [finding('target', 'ok', `the file ${file} can be written`)]
  const remedy = 'Make the folder, or mend its permissions.'
  return [finding('target', 'error', `the folder ${folder} is not there or cannot be written to`, remedy)]
}

async function canAccess(path: string, mode: number): Promise<boolean> {
  try {
    await access(path, mode)
    return true
  } catch {
    return false
  }
}
