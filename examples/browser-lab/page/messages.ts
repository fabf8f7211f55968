import { create, element } from './elements.ts';

interface Action {
  readonly label: string;
  readonly run: () => void;
}

/** What a message is about. */
export type Topic = 'failure' | 'device' | 'images' | 'storage' | 'backbone' | 'stored run';

/** Tells a person something above the page, in place of what it said of the same topic. */
export function showMessage(topic: Topic, text: string, action?: Action): void {
  hideMessages(topic);
  const message = create('div', { className: `message ${topic === 'failure' ? 'bad' : 'note'}` });
  message.dataset.topic = topic;
  if (topic === 'failure') message.setAttribute('role', 'alert');
  message.append(create('p', { text }));
  const buttons = [...(action ? [action] : []), { label: 'Dismiss', run: () => undefined }];
  for (const { label, run } of buttons) {
    const button = create('button', { text: label, className: 'quiet' });
    button.type = 'button';
    button.addEventListener('click', () => {
      message.remove();
      run();
    });
    message.append(button);
  }
  element('messages').append(message);
}

export function hideMessages(...topics: readonly Topic[]): void {
  for (const message of document.querySelectorAll<HTMLElement>('.message')) {
    if (topics.includes(message.dataset.topic as Topic)) message.remove();
  }
}
