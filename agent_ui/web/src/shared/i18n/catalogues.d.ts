/** A part of a catalogue; which sections it has says `parts.ts`, and `vite.config.ts` takes it out of the whole. */
declare module '*.json?part=shell' {
  const words: object
  export default words
}
declare module '*.json?part=desk' {
  const words: object
  export default words
}
declare module '*.json?part=office' {
  const words: object
  export default words
}
declare module '*.json?part=products' {
  const words: object
  export default words
}
declare module '*.json?part=widget' {
  const words: object
  export default words
}
declare module '*.json?part=knowledge' {
  const words: object
  export default words
}
declare module '*.json?part=portal' {
  const words: object
  export default words
}
declare module '*.json?part=choices' {
  const words: object
  export default words
}
declare module '*.json?part=rules' {
  const words: object
  export default words
}
declare module '*.json?part=routing' {
  const words: object
  export default words
}
