import { readFileSync } from 'node:fs'
import { IndexferryError } from '../foundation/errors.ts'

/**
 * The first line of a file that holds a secret: what an editor or `echo` puts behind it does not belong to it.
 * `as` is what named the file: `--source-password-file`, `cluster.password_file`.
 */
export function readSecretFile(as: string, file: string): string {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new IndexferryError(
      'CONFIG_INVALID',
      `the file ${file} of ${as} cannot be read: ${(error as Error).message}`,
      { cause: error },
    )
  }
  const [line = ''] = text.split(/\r?\n/)
  if (line === '')
    throw new IndexferryError('CONFIG_INVALID', `the file ${file} of ${as} is empty or begins with an empty line`)
  return line
}
