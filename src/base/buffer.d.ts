/** Methods of Node's Buffer that its type package leaves out; they skip the look-up of the encoding's name. */
interface Buffer<TArrayBuffer extends ArrayBufferLike = ArrayBufferLike> {
  latin1Slice(start: number, end: number): string
  utf8Slice(start: number, end: number): string
  hexSlice(start: number, end: number): string
  latin1Write(text: string, offset: number, length?: number): number
  utf8Write(text: string, offset: number, length?: number): number
}
