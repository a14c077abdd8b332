// What a project adds to the page: here nothing. A file of this name in the project's own folder takes this one's place,
// and imports the modules beside it and the platform's. All that it may export, as one default object:
//
//   name      the system's name, for the brand and the title
//   heading   the overview's
//   views     (own) => the views in the nav's sequence. `own` has overview, traces and functions; a view is {name, label,
//             view(), detail?(id), waiting?(overview)}: `#/name` and `#/name/id`, and how many things wait for a person
//   figures   (own) => the figures in their sequence, each as in figures.js
//   picture   what picture.js draws: {sizes, nodes, edges, factsOf(overview, form)}
//   overview  () => {node, refresh?(signal), show?(overview)}: what stands below the figures, instead of the queues
//   subject   what traces are about: {word, key, attribute, view, first}: what it is called, the id's name in the JSON of
//             a trace and in spans' attributes, the view that shows one, and how to come to the first trace

export default {};
