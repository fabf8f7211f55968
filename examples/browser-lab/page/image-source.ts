import type { Source } from '../protocol.ts';
import { droppedFiles, photosAmong } from './dropped-files.ts';
import { element } from './elements.ts';

const scenesHint = '512 generated scenes of textured shapes, drawn here from a seed.';

/** The choice between the built-in scenes and photos of one's own. */
export class ImageSource {
  readonly #radios = [...document.querySelectorAll<HTMLInputElement>('input[name="source"]')];
  readonly #drop = element('drop');
  #files: readonly File[] = [];

  constructor() {
    const [folder, files] = [element<HTMLInputElement>('folder'), element<HTMLInputElement>('files')];
    element('choose-folder').addEventListener('click', () => folder.click());
    element('choose-files').addEventListener('click', () => files.click());
    for (const input of [folder, files]) {
      input.addEventListener('change', () => this.#take([...(input.files ?? [])]));
    }
    for (const radio of this.#radios) radio.addEventListener('change', () => this.#show());
    // Phones choose photos, not folders.
    element('choose-folder').hidden =
      !('webkitdirectory' in folder) || matchMedia('(pointer: coarse)').matches;
    this.#acceptDrops();
    this.#show();
  }

  /** `undefined` where photos were asked for and none are there. */
  read(): Source | undefined {
    if (this.#kind === 'scenes') return { kind: 'scenes' };
    return this.#files.length > 0 ? { kind: 'photos', files: this.#files } : undefined;
  }

  choose(kind: Source['kind']): void {
    for (const radio of this.#radios) radio.checked = radio.value === kind;
    this.#show();
  }

  get #kind(): Source['kind'] {
    return this.#radios.find((radio) => radio.checked)?.value === 'photos' ? 'photos' : 'scenes';
  }

  /** The whole page takes drops: a miss would else leave it and open the file. */
  #acceptDrops(): void {
    let depth = 0;
    addEventListener('dragenter', () => this.#drop.classList.toggle('over', ++depth > 0));
    addEventListener('dragleave', () => this.#drop.classList.toggle('over', --depth > 0));
    addEventListener('dragover', (event) => event.preventDefault());
    addEventListener('drop', (event) => {
      event.preventDefault();
      depth = 0;
      this.#drop.classList.remove('over');
      if (event.dataTransfer) void droppedFiles(event.dataTransfer).then((files) => this.#take(files));
    });
  }

  #take(files: readonly File[]): void {
    this.#files = photosAmong(files);
    this.choose('photos');
  }

  #show(): void {
    const isPhotos = this.#kind === 'photos';
    const count = this.#files.length;
    element('drop-text').textContent = count > 0 ? `${count} photos chosen` : 'Drop a folder of photos here';
    element('source-hint').textContent = isPhotos
      ? 'JPEG, PNG, WebP and whatever else this browser shows. A few hundred are enough to begin with.'
      : scenesHint;
  }
}
