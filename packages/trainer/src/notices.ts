import type { Method, MethodState } from '@pixcon/core';
import type { PretrainEvent } from './events.ts';

/** What a user should know before a run starts, because a default or a size may not be what they expect. */
export function startNotices(
  method: Method,
  state: MethodState,
  { images, imageSize }: { readonly images: number; readonly imageSize: number },
): PretrainEvent[] {
  const events: PretrainEvent[] = [];
  const lengths = Object.values(state.queues).map(({ length }) => length);
  const longest = Math.max(0, ...lengths);
  if (method.settings.queueLength === 'auto' && longest > 0 && longest < 65_536) {
    events.push({
      type: 'notice',
      message: `queues of ${grouped(longest)} keys, not 65,536, for ${grouped(images)} images: a longer queue would hold keys of the images that are compared with it`,
    });
  }
  const cells = Math.ceil(imageSize / method.backbone.stride);
  if (cells < 4) {
    events.push({
      type: 'warning',
      message: `views of ${imageSize} px give ${cells} × ${cells} cells at an output stride of ${method.backbone.stride}, too few for a dense loss: enlarge the views or lower the output stride`,
    });
  }
  return events;
}

function grouped(count: number): string {
  return count.toLocaleString('en');
}
