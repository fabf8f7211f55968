/** How the tensors of a ResNet may be named, and torchvision's names for them. */
export interface Layout {
  readonly name: 'torchvision' | 'sequential' | 'detectron2';
  /** The end of the first convolution's name, and of the first block's: a network has both. */
  readonly stem: readonly string[];
  readonly block: readonly string[];
  /** Torchvision's name, or text that is none. */
  readonly rename: (name: string) => string;
}

/** Names in a ResNet without its classifier. */
const part =
  /^(conv1|bn1|layer[1-4]\.\d+\.(conv[123]|bn[123]|downsample\.[01]))\.(weight|bias|running_mean|running_var)$/;

const torchvision: Layout = {
  name: 'torchvision',
  stem: ['conv1', 'weight'],
  block: ['layer1', '0', 'conv1', 'weight'],
  rename: (name) => name,
};

/** `nn.Sequential(*model.children())`: what has no parameters (ReLU, pooling) takes a number, or was left out. */
function sequential(firstStage: number): Layout {
  return {
    name: 'sequential',
    stem: ['0', 'weight'],
    block: [String(firstStage), '0', 'conv1', 'weight'],
    rename(name) {
      const [, head, rest] = /^(\d+)\.(.*)$/s.exec(name) ?? [];
      if (head === '0') return `conv1.${rest}`;
      if (head === '1') return `bn1.${rest}`;
      return head === undefined ? '' : `layer${Number(head) - firstStage + 1}.${rest}`;
    },
  };
}

/** A stem in a module of its own, such as `layer0`, whose convolution is `convolution` there. */
function stemmed(stem: string, convolution: string, normalization: string): Layout {
  const numbered = stem === '0';
  return {
    name: numbered ? 'sequential' : 'torchvision',
    stem: [stem, convolution, 'weight'],
    block: [numbered ? '1' : 'layer1', '0', 'conv1', 'weight'],
    rename(name) {
      if (name.startsWith(`${stem}.${convolution}.`)) return name.replace(/^[^.]+\.[^.]+/, 'conv1');
      if (name.startsWith(`${stem}.${normalization}.`)) return name.replace(/^[^.]+\.[^.]+/, 'bn1');
      return numbered ? `layer${name}` : name;
    },
  };
}

const detectron2: Layout = {
  name: 'detectron2',
  stem: ['stem', 'conv1', 'weight'],
  block: ['res2', '0', 'conv1', 'weight'],
  rename(name) {
    return name
      .replace(/^stem\./, '')
      .replace(/^res([2-5])\./, (_, stage: string) => `layer${Number(stage) - 1}.`)
      .replace(/(^|\.)conv([123])\.norm\./, '$1bn$2.')
      .replace(/\.shortcut\.norm\./, '.downsample.1.')
      .replace(/\.shortcut\./, '.downsample.0.');
  },
};

/** In the order in which they are tried: of `nn.Sequential`s the one whose stages begin first. */
export const layouts: readonly Layout[] = [
  torchvision,
  sequential(2),
  sequential(3),
  sequential(4),
  stemmed('0', '0', '1'),
  stemmed('layer0', '0', '1'),
  stemmed('layer0', 'conv1', 'bn1'),
  stemmed('stem', '0', '1'),
  detectron2,
];

/** Torchvision's name of a tensor, given what stands behind the network's prefix; undefined for no part of it. */
export function torchvisionName(layout: Layout, name: string): string | undefined {
  const renamed = layout.rename(name);
  return part.test(renamed) ? renamed : undefined;
}
