export { type Api, type ApiOptions, startApi } from "./api.ts";
export { ApiFault, type ApiFaultCode, apiFaultCodes } from "./fault.ts";
export { type PortHolder, portHolder } from "./port-holder.ts";
export { type Problem, type ProblemCode, problemCodes, problemStatus } from "./problem.ts";
