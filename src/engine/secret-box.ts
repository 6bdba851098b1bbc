// Seals what must not stand in a file for anybody to read: with a key that lies beside it in a file of its own, for its owner only.
import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { IndexferryError } from '../foundation/errors.ts'

const algorithm = 'aes-256-gcm'
const keyBytes = 32
const nonceBytes = 12
const tagBytes = 16

export class SecretBox {
  readonly file: string
  readonly #key: Buffer

  constructor(file: string, key: Buffer) {
    this.file = file
    this.#key = key
  }

  /** `purpose` binds the sealed bytes to their place: they open under the same words only. */
  seal(text: string, purpose: string): Buffer {
    const nonce = randomBytes(nonceBytes)
    const cipher = createCipheriv(algorithm, this.#key, nonce).setAAD(Buffer.from(purpose))
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed])
  }

  /** Undefined: sealed with another key, or changed. */
  open(sealed: Uint8Array, purpose: string): string | undefined {
    if (sealed.length < nonceBytes + tagBytes) return undefined
    const nonce = sealed.subarray(0, nonceBytes)
    const decipher = createDecipheriv(algorithm, this.#key, nonce, { authTagLength: tagBytes })
    decipher.setAAD(Buffer.from(purpose)).setAuthTag(sealed.subarray(nonceBytes, nonceBytes + tagBytes))
    try {
      return decipher.update(sealed.subarray(nonceBytes + tagBytes), undefined, 'utf8') + decipher.final('utf8')
    } catch {
      // The one way in which decryption fails.
      return undefined
    }
  }
}

/** Reads the key of a folder that the caller owns, and makes one where there is none. Throws STATE_UNUSABLE. */
export function openSecretBox(folder: string): SecretBox {
  const file = join(folder, 'gateway.key')
  try {
    const key = readKey(file) ?? makeKey(folder, file)
    if (key.length === keyBytes) return new SecretBox(file, key)
  } catch (error) {
    const sentence = `the key file ${file} cannot be used: ${(error as Error).message}`
    throw new IndexferryError('STATE_UNUSABLE', sentence, { cause: error })
  }
  throw new IndexferryError('STATE_UNUSABLE', `the key file ${file} is damaged`, {
    remedy:
      'Bring it back from a backup, or delete it: unfinished tasks fail then, because their credentials are lost.',
  })
}

function readKey(file: string): Buffer | undefined {
  try {
    return readFileSync(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** On the disk, with its name, before anything is sealed with it. */
function makeKey(folder: string, file: string): Buffer {
  const key = randomBytes(keyBytes)
  const draft = `${file}.${randomUUID()}`
  const opened = openSync(draft, 'wx', 0o600)
  try {
    writeSync(opened, key)
    fsyncSync(opened)
  } finally {
    closeSync(opened)
  }
  renameSync(draft, file)
  flushFolder(folder)
  return key
}

/** Windows cannot open folders, and keeps names by itself. */
function flushFolder(folder: string): void {
  if (process.platform === 'win32') return
  const opened = openSync(folder, 'r')
  try {
    fsyncSync(opened)
  } finally {
    closeSync(opened)
  }
}
