export default { name: "things" };
