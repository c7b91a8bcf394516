/** Choices about notices (kept for this browser) and the sound itself, made here so that no file must be loaded. */
import { reactive, watch } from 'vue'
import { store } from './storage'

export const notices = reactive({
  sound: store.get('notices.sound') === 'on',
  desktop: store.get('notices.desktop') === 'on',
})

watch(notices, (value) => {
  store.set('notices.sound', value.sound ? 'on' : 'off')
  store.set('notices.desktop', value.desktop ? 'on' : 'off')
})

let audio: AudioContext | null = null

/** Two short falling tones. Does nothing when sound is off (unless `test`). Call from a click to lift the block. */
export function playSound(test = false): void {
  if (!notices.sound && !test) return
  audio ??= new AudioContext()
  const context = audio
  void context.resume().then(() => {
    for (const [at, pitch] of [[0, 880], [0.14, 660]] as const) {
      const tone = context.createOscillator()
      const volume = context.createGain()
      const start = context.currentTime + at
      tone.type = 'sine'
      tone.frequency.value = pitch
      volume.gain.setValueAtTime(0, start)
      volume.gain.linearRampToValueAtTime(0.22, start + 0.015)
      volume.gain.exponentialRampToValueAtTime(0.001, start + 0.28)
      tone.connect(volume).connect(context.destination)
      tone.start(start)
      tone.stop(start + 0.3)
    }
  }, () => undefined)
}
