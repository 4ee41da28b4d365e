const innermost = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//

/** The folder of the package that a file belongs to. */
export const inPackage = (file: string): string | undefined => innermost.exec(file)?.[1]
