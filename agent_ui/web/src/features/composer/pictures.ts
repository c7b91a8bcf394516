/** Which files may stand in the text as pictures, and where they lie. */

/** Pictures that every mail program shows in the text; anything else goes as a file. */
const SHOWN = /^image\/(?:png|jpe?g|gif|webp)$/i

export const isInlinePicture = (file: Pick<File, 'type'>): boolean => SHOWN.test(file.type)

export const inlineSource = (fileId: number): string => `/api/attachments/${fileId}`
