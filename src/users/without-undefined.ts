type Known<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}

/** The same object, with what is undefined left out. */
export function withoutUndefined<T extends object>(value: T): Known<T> {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as Known<T>
}
