import {
  devices,
  type LabSettings,
  type MethodName,
  methods,
  type NetworkName,
  networks,
} from '../settings.ts';
import { create, element } from './elements.ts';

/** What a person has chosen, as the form has it. */
export class SettingsForm {
  readonly #form = element<HTMLFormElement>('setup');

  constructor(onSubmit: () => void) {
    fill(element('method'), methods);
    fill(element('network'), networks, 'small');
    const showLine = () => {
      element('method-hint').textContent = methods[this.#text('method') as MethodName].line;
    };
    element('method').addEventListener('change', showLine);
    showLine();
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      onSubmit();
    });
    // A field that is not shown cannot say what is wrong with it.
    const details = this.#form.querySelector('details') as HTMLDetailsElement;
    details.addEventListener('invalid', () => details.setAttribute('open', ''), true);
  }

  read(): LabSettings {
    return {
      method: this.#text('method') as MethodName,
      size: this.#number('size'),
      batch: this.#number('batch'),
      steps: this.#number('steps'),
      network: this.#text('network') as NetworkName,
      learningRate: this.#number('learningRate'),
      seed: this.#number('seed'),
      device: devices.find((device) => device === this.#text('device')) ?? 'auto',
    };
  }

  /** Shows the settings of a run that goes on. */
  write(settings: LabSettings): void {
    for (const [name, value] of Object.entries(settings)) {
      const field = this.#form.elements.namedItem(name);
      if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement)
        field.value = String(value);
    }
    element('method').dispatchEvent(new Event('change'));
  }

  #text(name: string): string {
    return String(new FormData(this.#form).get(name) ?? '');
  }

  #number(name: string): number {
    return Number(this.#text(name));
  }
}

function fill(
  select: HTMLSelectElement,
  choices: Readonly<Record<string, { readonly title: string }>>,
  chosen?: string,
): void {
  for (const [value, { title }] of Object.entries(choices)) {
    const option = create('option', { text: title });
    option.value = value;
    option.selected = value === chosen;
    select.append(option);
  }
}
