/** Words separated by commas: what is typed stays as it is typed, its words are told. */
import { ref, watch, type Ref } from 'vue'

export function useTypedList(words: Ref<readonly string[]>) {
  const parse = (text: string) => text.split(',').map((one) => one.trim()).filter(Boolean)
  const typed = ref(words.value.join(', '))
  watch(words, (now) => {
    if (now.join() !== parse(typed.value).join()) typed.value = now.join(', ')
  })
  function take(text: string): void {
    typed.value = text
    words.value = parse(text)
  }
  return { typed, take }
}
