//! Arguments: evaluated, and fitted to the types that functions ask for.

use super::{Frame, Local, Machine, Outcome, Seen};
use crate::gotemplate::tree::{Callee, Node, Operand, OperandKind};
use crate::govalue::{Element, Kind, List, Map, MapKind, Parameter, Record, Value};

impl Machine<'_> {
    /// An argument for a parameter.
    pub(super) fn argument(
        &mut self,
        frame: &Frame<'_>,
        dot: &Local,
        operand: &Operand,
        parameter: Parameter,
    ) -> Outcome<Value> {
        match &operand.kind {
            OperandKind::Bool(_)
            | OperandKind::Nil
            | OperandKind::Number(_)
            | OperandKind::Text(..) => {
                self.at = operand.id;
                self.literal_for(frame, operand, parameter)
            }
            _ => {
                let found = self.operand(frame, dot, operand)?;
                if matches!(parameter, Parameter::Any) {
                    return Ok(found.value);
                }
                self.validate(frame, found, parameter)
            }
        }
    }

    /// What an operand that is no literal stands for.
    pub(super) fn operand(
        &mut self,
        frame: &Frame<'_>,
        dot: &Local,
        operand: &Operand,
    ) -> Outcome<Local> {
        self.at = operand.id;
        match &operand.kind {
            OperandKind::Dot => Ok(dot.clone()),
            OperandKind::Field(names) => {
                self.fields(frame, dot, (dot, names, operand.id), (&[], None))
            }
            OperandKind::Variable {
                name,
                place,
                fields,
            } => {
                let receiver = self.variable(frame, name, place)?.clone();
                if fields.is_empty() {
                    return Ok(receiver);
                }
                self.fields(frame, dot, (&receiver, fields, operand.id), (&[], None))
            }
            OperandKind::Pipe(pipe) => Ok(Local::plain(self.inner_pipeline(frame, dot, *pipe)?)),
            OperandKind::Function(callee) => {
                let value = match callee {
                    Callee::Function(function) => {
                        self.call(frame, dot, (function, operand.id), (&[], None))?
                    }
                    Callee::Builtin(builtin) => {
                        self.call_builtin(frame, dot, (*builtin, operand.id), (&[], None))?
                    }
                    Callee::Include | Callee::Tpl => {
                        let name = callee.name();
                        let why = format!("wrong number of args for {name}: want 2 got 0");
                        return Err(self.fail(frame, &why));
                    }
                };
                // A function that gives nil gives an interface that holds it.
                Ok(match value {
                    Value::Nil => Local::boxed(value),
                    value => Local::plain(value),
                })
            }
            OperandKind::Chain(of, names) => {
                let receiver = self.operand(frame, dot, of)?;
                self.fields(frame, dot, (&receiver, names, operand.id), (&[], None))
            }
            OperandKind::Bool(_)
            | OperandKind::Nil
            | OperandKind::Number(_)
            | OperandKind::Text(..) => Ok(Local::plain(self.literal(frame, operand)?)),
        }
    }

    /// A literal where any type will do.
    pub(super) fn literal(&mut self, frame: &Frame<'_>, operand: &Operand) -> Outcome<Value> {
        match &operand.kind {
            OperandKind::Bool(truth) => Ok(Value::Bool(*truth)),
            OperandKind::Number(number) => match (number.complex, number.float, number.int) {
                (Some((real, imaginary)), ..) => Ok(Value::Complex(real, imaginary)),
                (None, Some(float), _) if number.is_float => Ok(Value::Float(float)),
                (None, _, Some(int)) => Ok(Value::Int(int)),
                _ if number.is_unsigned => {
                    Err(self.fail(frame, &format!("{} overflows int", number.text)))
                }
                _ => Ok(Value::Nil),
            },
            OperandKind::Text(_, literal) => {
                let place = frame.literals.get(*literal);
                let text = frame.file.literals.get(*literal);
                let text = || Value::text(text.map(|text| &**text).unwrap_or_default());
                Ok(place.map_or_else(text, |place| place.get_or_init(text).clone()))
            }
            _ => Ok(Value::Nil),
        }
    }

    fn literal_for(
        &mut self,
        frame: &Frame<'_>,
        operand: &Operand,
        parameter: Parameter,
    ) -> Outcome<Value> {
        if matches!(operand.kind, OperandKind::Nil) {
            if let Some(nil) = nil_of(parameter) {
                return Ok(nil);
            }
            let name = type_name(parameter);
            return Err(self.fail(frame, &format!("cannot assign nil to {name}")));
        }
        let wanted = match (parameter, &operand.kind) {
            (Parameter::Any, _)
            | (Parameter::Text, OperandKind::Text(..))
            | (Parameter::Bool, OperandKind::Bool(_)) => return self.literal(frame, operand),
            (Parameter::Int, OperandKind::Number(number)) if number.int.is_some() => {
                return Ok(Value::Int(number.int.unwrap_or_default()));
            }
            (Parameter::Int64, OperandKind::Number(number)) if number.int.is_some() => {
                return Ok(Value::Int64(number.int.unwrap_or_default()));
            }
            (Parameter::Uint32, OperandKind::Number(number)) if number.is_unsigned => {
                return Ok(Value::Int(number.int.unwrap_or(i64::MAX)));
            }
            (Parameter::Float, OperandKind::Number(number)) if number.float.is_some() => {
                return Ok(Value::Float(number.float.unwrap_or_default()));
            }
            (Parameter::Record(shape), OperandKind::Number(number))
                if shape.kind == Kind::Int64 && number.int.is_some() =>
            {
                let number = number.int.unwrap_or_default();
                return Ok(Value::Record(Record::named(shape, number)));
            }
            (Parameter::Text, _) => "string",
            (Parameter::Bool, _) => "bool",
            (Parameter::Int | Parameter::Int64, _) => "integer",
            (Parameter::Record(shape), _) if shape.kind == Kind::Int64 => "integer",
            (Parameter::Uint32, _) => "unsigned integer",
            (Parameter::Float, _) => "float",
            (Parameter::List | Parameter::TextList | Parameter::Map | Parameter::Record(_), _) => {
                let text = frame.file.text_of(Node::Operand(operand));
                let name = type_name(parameter);
                let why = format!("can't handle {text} for arg of type {name}");
                return Err(self.fail(frame, &why));
            }
        };
        let text = frame.file.text_of(Node::Operand(operand));
        Err(self.fail(frame, &format!("expected {wanted}; found {text}")))
    }

    /// A value for a parameter. Nothing is converted.
    pub(super) fn validate(
        &self,
        frame: &Frame<'_>,
        local: Local,
        parameter: Parameter,
    ) -> Outcome<Value> {
        let value = local.value;
        let fits = match (parameter, &value) {
            (Parameter::Any, _)
            | (Parameter::Text, Value::Text(_))
            | (Parameter::Bool, Value::Bool(_))
            | (Parameter::Int, Value::Int(_))
            | (Parameter::Int64, Value::Int64(_))
            | (Parameter::Float, Value::Float(_)) => true,
            (Parameter::List, Value::List(list)) => list.element() == Element::Any,
            (Parameter::TextList, Value::List(list)) => list.element() == Element::Text,
            (Parameter::Map, Value::Map(map)) => {
                matches!(map.kind(), MapKind::Any | MapKind::Values)
            }
            (Parameter::Record(shape), Value::Record(record)) => {
                std::ptr::eq(record.shape(), shape)
                    || record.shape().type_name.trim_start_matches('*')
                        == shape.type_name.trim_start_matches('*')
            }
            (_, Value::Nil) if local.seen != Seen::Boxed => {
                if let Some(nil) = nil_of(parameter) {
                    return Ok(nil);
                }
                false
            }
            _ => false,
        };
        if fits {
            return Ok(match (parameter, value) {
                // A conversion between types of one map.
                (Parameter::Map, Value::Map(map)) => Value::Map(map.viewed_as(MapKind::Any)),
                (_, value) => value,
            });
        }
        let name = type_name(parameter);
        let why = match (&value, local.seen) {
            (Value::Nil, Seen::Boxed) => {
                format!("wrong type for value; expected {name}; got interface {{}}")
            }
            (Value::Nil, _) => format!("invalid value; expected {name}"),
            (value, _) => {
                let given = value.type_name();
                format!("wrong type for value; expected {name}; got {given}")
            }
        };
        Err(self.fail(frame, &why))
    }
}

/// The nil of a type that has one.
fn nil_of(parameter: Parameter) -> Option<Value> {
    match parameter {
        Parameter::Any => Some(Value::Nil),
        Parameter::List => Some(Value::List(List::nil(Element::Any))),
        Parameter::TextList => Some(Value::List(List::nil(Element::Text))),
        Parameter::Map => Some(Value::Map(Map::nil(MapKind::Any))),
        Parameter::Record(shape) => (shape.kind == Kind::Pointer).then_some(Value::Nil),
        Parameter::Text
        | Parameter::Bool
        | Parameter::Int
        | Parameter::Int64
        | Parameter::Uint32
        | Parameter::Float => None,
    }
}

fn type_name(parameter: Parameter) -> &'static str {
    match parameter {
        Parameter::Any => "interface {}",
        Parameter::Text => "string",
        Parameter::Bool => "bool",
        Parameter::Int => "int",
        Parameter::Int64 => "int64",
        Parameter::Uint32 => "uint32",
        Parameter::Float => "float64",
        Parameter::List => "[]interface {}",
        Parameter::TextList => "[]string",
        Parameter::Map => "map[string]interface {}",
        Parameter::Record(shape) => shape.type_name,
    }
}
