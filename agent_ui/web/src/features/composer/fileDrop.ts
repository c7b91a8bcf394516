/** Files dropped anywhere on an element; the editor inside takes its own drops first. */
import { onBeforeUnmount, onMounted, ref, type Ref } from 'vue'

export function useFileDrop(target: Ref<HTMLElement | null>, take: (files: File[]) => void): Ref<boolean> {
  /** True while files are held over the element. */
  const over = ref(false)

  function onOver(event: DragEvent): void {
    if (!event.dataTransfer?.types.includes('Files')) return
    event.preventDefault()
    over.value = true
  }

  function onLeave(event: DragEvent): void {
    const inside = event.relatedTarget instanceof Node && target.value?.contains(event.relatedTarget)
    if (!inside) over.value = false
  }

  function onDrop(event: DragEvent): void {
    over.value = false
    if (event.defaultPrevented || !event.dataTransfer?.files.length) return
    event.preventDefault()
    take([...event.dataTransfer.files])
  }

  onMounted(() => {
    target.value?.addEventListener('dragover', onOver)
    target.value?.addEventListener('dragleave', onLeave)
    target.value?.addEventListener('drop', onDrop)
  })
  onBeforeUnmount(() => {
    target.value?.removeEventListener('dragover', onOver)
    target.value?.removeEventListener('dragleave', onLeave)
    target.value?.removeEventListener('drop', onDrop)
  })
  return over
}
