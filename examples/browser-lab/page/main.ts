import { Lab } from './lab.ts';

new Lab();
