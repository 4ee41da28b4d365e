/** The folder of the keys cannot be used as it is. The message names the file and says what to do; it holds no key. */
export class KeyFault extends Error {
  override readonly name = 'KeyFault'
}
